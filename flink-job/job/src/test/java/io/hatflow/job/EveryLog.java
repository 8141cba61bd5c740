package io.hatflow.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.FileAppender;
import org.apache.logging.log4j.core.config.Configuration;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.layout.PatternLayout;

/** Everything that is logged in this JVM while this is open, at TRACE, in a file that stays for whoever looks for a cause. */
record EveryLog(Path file, FileAppender appender, Level before) implements AutoCloseable {

    static EveryLog of(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        LoggerContext context = (LoggerContext) LogManager.getContext(false);
        Configuration configuration = context.getConfiguration();
        FileAppender appender = FileAppender.newBuilder()
                .setName("every-log")
                .withFileName(file.toString())
                .setLayout(PatternLayout.newBuilder()
                        .withPattern("%p %c %m%n%throwable")
                        .build())
                .build();
        appender.start();
        LoggerConfig root = configuration.getRootLogger();
        Level before = root.getLevel();
        // What was there hears no more than it did.
        root.getAppenderRefs().forEach(each -> {
            root.removeAppender(each.getRef());
            root.addAppender(configuration.getAppender(each.getRef()), before, null);
        });
        root.addAppender(appender, Level.TRACE, null);
        root.setLevel(Level.TRACE);
        context.updateLoggers();
        return new EveryLog(file, appender, before);
    }

    List<String> lines() throws IOException {
        return Files.readAllLines(file);
    }

    @Override
    public void close() {
        LoggerContext context = (LoggerContext) LogManager.getContext(false);
        LoggerConfig root = context.getConfiguration().getRootLogger();
        root.setLevel(before);
        root.removeAppender(appender.getName());
        context.updateLoggers();
        appender.stop();
    }
}
