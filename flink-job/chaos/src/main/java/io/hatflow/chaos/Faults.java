package io.hatflow.chaos;

import io.hatflow.chaos.Schedule.Planned;
import io.hatflow.chaos.agent.FaultPoint;
import io.hatflow.chaos.check.Feeder;
import io.hatflow.cluster.Cluster;
import io.hatflow.cluster.FlinkRest.Job;
import io.hatflow.cluster.KeptProcess;
import io.hatflow.cluster.Submission;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Makes faults happen to a cluster, one at a time. Not thread-safe. */
final class Faults {

    /** Longer than the cluster's heartbeat.timeout. */
    private static final Duration FROZEN = Duration.ofSeconds(13);

    private static final Duration FULL = Duration.ofSeconds(6);
    private static final Duration NO_MEMORY = Duration.ofSeconds(2);

    /** Tasks wait it out. */
    private static final Duration AWAY = Duration.ofSeconds(5);

    /** Longer than a task waits before it fails: docs/registry.md */
    private static final Duration LONG_AWAY = Duration.ofSeconds(65);

    private static final Duration LIMIT = Duration.ofMinutes(3);

    private final Cluster cluster;
    private final Feeder feeder;
    private final FullDisk disk;
    private final Path faultFiles;
    private final Submission job;
    private final Path home;
    private final @Nullable RegisteredRecords records;
    private boolean isUpgraded;
    private boolean rescaled;

    /**
     * Nothing happens yet.
     *
     * @param faultFiles folder of the {@link FaultPoint}'s files
     * @param job as it was submitted
     * @param home folder for another jar of it
     * @param records whose schema evolves with each fault; null where it does not
     */
    Faults(
            Cluster cluster,
            Feeder feeder,
            FullDisk disk,
            Path faultFiles,
            Submission job,
            Path home,
            @Nullable RegisteredRecords records) {
        this.cluster = cluster;
        this.feeder = feeder;
        this.disk = disk;
        this.faultFiles = faultFiles;
        this.job = job;
        this.home = home;
        this.records = records;
    }

    /**
     * Returns when the fault has struck and is over; recovery is the cluster's affair.
     *
     * @param flowing whether records behind these offsets are answered
     * @return whom it struck, for people
     */
    String strike(Planned fault, Predicate<long[]> flowing) throws IOException, InterruptedException {
        List<KeptProcess> taskManagers = cluster.taskManagers();
        KeptProcess taskManager = taskManagers.get(fault.victim() % taskManagers.size());
        if (records != null && fault.kind() != FaultKind.REGISTRY_KILLED) {
            feeder.writeWith(records.wire().evolve());
        }
        switch (fault.kind()) {
            case TASKMANAGER_KILLED -> {
                taskManager.kill();
                return taskManager.name();
            }
            case JOBMANAGER_KILLED -> {
                cluster.jobManager().kill();
                return cluster.jobManager().name();
            }
            case BROKER_KILLED -> {
                cluster.broker().kill();
                return cluster.broker().name();
            }
            case REGISTRY_KILLED -> {
                return killRegistry(fault.victim() % 2 == 0 ? AWAY : LONG_AWAY);
            }
            case PROCESS_FROZEN -> {
                List<KeptProcess> victims = new ArrayList<>(taskManagers);
                victims.add(cluster.jobManager());
                KeptProcess victim = victims.get(fault.victim() % victims.size());
                victim.signal("STOP");
                Thread.sleep(FROZEN.toMillis());
                victim.signal("CONT");
                return victim.name() + " for " + FROZEN.toSeconds() + " s";
            }
            case DISK_FULL -> {
                int failed = failedCheckpoints();
                disk.fill();
                Thread.sleep(FULL.toMillis());
                await(() -> failedCheckpoints() > failed);
                disk.free();
                return disk.means() + " for " + FULL.toSeconds() + " s";
            }
            case INFERENCE_HANGS -> {
                ask(FaultPoint.HANG);
                return "the first to run";
            }
            case RUNTIME_CRASHES -> {
                ask(FaultPoint.CRASH);
                return "the first to run";
            }
            case RUNTIME_OUT_OF_MEMORY -> {
                Path struck = faultFiles.resolve(FaultPoint.OUT_OF_MEMORY + FaultPoint.STRUCK);
                // Of a run that the fault of before struck at its very end.
                Files.deleteIfExists(struck);
                Path file = Files.createFile(faultFiles.resolve(FaultPoint.OUT_OF_MEMORY));
                await(() -> Files.exists(struck));
                Thread.sleep(NO_MEMORY.toMillis());
                Files.delete(file);
                return "all, for " + NO_MEMORY.toSeconds() + " s";
            }
            case RESCALED -> {
                rescaled = true;
                int other = job.parallelism() == 1 ? 2 : 1;
                cluster.stopJob();
                cluster.submit(new Submission(jar(), other, job.settings()));
                long[] between = feeder.lastOffsets();
                await(() -> flowing.test(between));
                cluster.stopJob();
                cluster.submit(new Submission(jar(), job.parallelism(), job.settings()));
                return job.parallelism() + " → " + other + " → " + job.parallelism();
            }
            case CANCELLED -> {
                cluster.cancelJob();
                cluster.submit(new Submission(jar(), job.parallelism(), job.settings()));
                return "the job";
            }
            case UPGRADED -> {
                isUpgraded = !isUpgraded;
                cluster.stopJob();
                cluster.submit(new Submission(jar(), job.parallelism(), job.settings()));
                return isUpgraded ? "to the other jar" : "back";
            }
            case KILLER_DOCUMENT -> {
                feeder.sendKiller();
                await(feeder::isKillerSent);
                return "the process that reads it";
            }
        }
        throw new IllegalStateException("No such fault: " + fault.kind());
    }

    /** The tasks cannot know the schema of what is written from then on. */
    private String killRegistry(Duration away) throws IOException, InterruptedException {
        if (records == null) {
            throw new IllegalStateException("There is no registry to kill");
        }
        int newest = records.wire().evolve();
        records.killRegistry();
        feeder.writeWith(newest);
        records.awaitQuestion(LIMIT);
        Thread.sleep(away.toMillis());
        records.restartRegistry();
        return "the registry, asked and away for " + away.toSeconds() + " s more";
    }

    /** Whether the parallelism was ever another. */
    boolean haveRescaled() {
        return rescaled;
    }

    /** By how many versions of their schema records were written, for people. */
    String versions() {
        return records == null ? "" : " by " + records.wire().versions() + " versions of their schema";
    }

    private String jar() throws IOException {
        if (!isUpgraded) {
            return job.jar();
        }
        Path upgraded = home.resolve("upgraded.jar");
        return Files.exists(upgraded)
                ? upgraded.toString()
                : Upgrade.of(Path.of(job.jar()), upgraded).toString();
    }

    /** Waits until a process has taken the fault. */
    private void ask(String fault) throws IOException, InterruptedException {
        Path file = Files.createFile(faultFiles.resolve(fault));
        await(() -> !Files.exists(file));
    }

    private int failedCheckpoints() throws IOException, InterruptedException {
        Optional<Job> running = cluster.job();
        return running.isEmpty()
                ? 0
                : cluster.flink().failedCheckpoints(running.get().id());
    }

    private interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    private static void await(Condition condition) throws IOException, InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("A fault could not strike within " + LIMIT.toSeconds() + " s");
            }
            Thread.sleep(50);
        }
    }
}
