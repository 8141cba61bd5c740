package io.hatflow.job;

import io.hatflow.job.source.SourceSettings.Until;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.util.FileUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a job that runs in this JVM keeps its checkpoints, if nobody has said where: Flink would keep them in memory, and refuse those
 * above 5 MiB. The next run goes on from the newest one: what was in flight at the end of the last run is in it, and nowhere else.
 *
 * @param folder of one consumer group on one Kafka cluster; holds what the last run has left
 * @param resumes whether the next run goes on where the last one was
 */
record LocalCheckpoints(Path folder, boolean resumes) {

    private static final Logger LOG = LoggerFactory.getLogger(LocalCheckpoints.class);
    /** Flink does not decode what {@link Path#toUri} encodes, such as blanks. */
    private static final String FILE = "file://";

    private static final String HOME = ".hatflow";

    /** Files that are locked until this JVM ends; a lock goes with the last that refers to it. */
    private static final List<FileChannel> LOCKED = new CopyOnWriteArrayList<>();

    /** Job, checkpoint, file. */
    private static final int DEPTH = 3;

    static LocalCheckpoints of(JobSettings settings) {
        boolean resumes = settings.source().until() == Until.CANCELLED;
        String name = settings.source().groupId() + "@" + settings.bootstrapServers() + (resumes ? "" : "@caught-up");
        return new LocalCheckpoints(
                Path.of(System.getProperty("user.home"), HOME, name.replaceAll("[^A-Za-z0-9._@-]", "_"))
                        .toAbsolutePath(),
                resumes);
    }

    /**
     * Options of Flink for the next run. Removes what no run needs any more.
     *
     * @throws IllegalArgumentException if another run uses the folder
     */
    Configuration options() throws IOException {
        Files.createDirectories(folder);
        lock();
        Optional<Path> newest = resumes ? newest() : Optional.empty();
        removeAllBut(newest);
        Configuration options = new Configuration();
        options.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, FILE + folder);
        newest.ifPresent(checkpoint -> {
            options.set(StateRecoveryOptions.SAVEPOINT_PATH, FILE + checkpoint);
            options.set(StateRecoveryOptions.RESTORE_MODE, RecoveryClaimMode.CLAIM);
        });
        LOG.info(
                "Checkpoints are kept in {}. {}",
                folder,
                newest.map(checkpoint -> "Continuing from " + folder.relativize(checkpoint)
                                + "; to begin at kafka.start-from instead, remove the folder")
                        .orElse("There is none yet to continue from"));
        return options;
    }

    /** A second job would remove the checkpoints of the first, and end its transactions. */
    private void lock() throws IOException {
        FileChannel file =
                FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        LOCKED.add(file);
        if (file.tryLock() == null) {
            throw new IllegalArgumentException("Another run of this job is under way: it uses " + folder
                    + ". End it first, or give this one a kafka.group-id of its own.");
        }
    }

    /** The {@code _metadata} of a checkpoint comes to its place when everything is written. */
    private Optional<Path> newest() throws IOException {
        try (Stream<Path> files = Files.find(
                folder, DEPTH, (file, attributes) -> file.endsWith("_metadata") && attributes.isRegularFile())) {
            return files.max(Comparator.comparing(file -> file.toFile().lastModified()))
                    .map(Path::getParent);
        }
    }

    private void removeAllBut(Optional<Path> newest) throws IOException {
        List<Path> jobs;
        try (Stream<Path> files = Files.list(folder)) {
            jobs = files.filter(file -> file.getFileName().toString().matches("[0-9a-f]{32}"))
                    .filter(job -> newest.filter(each -> each.startsWith(job)).isEmpty())
                    .toList();
        }
        for (Path job : jobs) {
            FileUtils.deleteDirectory(job.toFile());
        }
    }
}
