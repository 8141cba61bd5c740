package io.hatflow.sql;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.FileAppender;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.layout.PatternLayout;

/** What is logged in this JVM while this is open, at INFO, in a file. */
record LogFile(Path file, FileAppender appender, Level before) implements AutoCloseable {

    static LogFile in(Path folder) {
        Path file = folder.resolve("log");
        FileAppender appender = FileAppender.newBuilder()
                .setName("log-file")
                .withFileName(file.toString())
                .setLayout(PatternLayout.newBuilder()
                        .withPattern("%p %c %m%n%throwable")
                        .build())
                .build();
        appender.start();
        LoggerContext context = (LoggerContext) LogManager.getContext(false);
        LoggerConfig root = context.getConfiguration().getRootLogger();
        Level before = root.getLevel();
        root.addAppender(appender, Level.INFO, null);
        root.setLevel(Level.INFO);
        context.updateLoggers();
        return new LogFile(file, appender, before);
    }

    String text() throws IOException {
        return Files.readString(file);
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
