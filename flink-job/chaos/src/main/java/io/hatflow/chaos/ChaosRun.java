package io.hatflow.chaos;

import io.hatflow.chaos.Schedule.Planned;
import io.hatflow.chaos.check.Checker;
import io.hatflow.chaos.check.Documents;
import io.hatflow.chaos.check.Feeder;
import io.hatflow.chaos.check.LiveAnswers;
import io.hatflow.chaos.check.Topics;
import io.hatflow.chaos.check.Verdict;
import io.hatflow.cluster.Cluster;
import io.hatflow.cluster.ClusterException;
import io.hatflow.cluster.ClusterSettings;
import io.hatflow.cluster.ClusterSettings.Ports;
import io.hatflow.cluster.Installation;
import io.hatflow.cluster.Submission;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One run: a cluster, every text once while nothing is disturbed, then documents near saturation while faults strike, then the check.
 *
 * @param home folder of everything that is written
 * @param bundle the model
 * @param duration how long documents flow while faults strike
 * @param exactlyOnce the guarantee; at least once otherwise
 * @param kinds which faults
 * @param out is told in sentences what happens
 */
record ChaosRun(
        Installation installation,
        Path home,
        Path bundle,
        Duration duration,
        long seed,
        boolean exactlyOnce,
        List<FaultKind> kinds,
        Consumer<String> out) {

    /** Enough that the job is never idle between two checkpoints, and a recovery is not mostly working off what waits. */
    private static final int MOST_UNANSWERED = 1500;

    private static final Duration RECOVERY_LIMIT = Duration.ofMinutes(4);
    private static final Duration POLL = Duration.ofMillis(50);
    private static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(3);

    /**
     * How a run ended.
     *
     * @param recovered whether every fault was recovered from in time
     */
    record Result(Verdict verdict, int faults, Duration longestRecovery, boolean recovered) {

        @Override
        public String toString() {
            return verdict + " faults=" + faults + " max_recovery_s="
                    + String.format(Locale.ROOT, "%.1f", longestRecovery.toMillis() / 1000.0);
        }
    }

    Result run() throws IOException, InterruptedException {
        Files.createDirectories(home);
        Path faultFiles = Files.createDirectories(home.resolve("faults"));
        try (FullDisk disk = FullDisk.at(home.resolve("checkpoints"));
                Cluster cluster = Cluster.start(settings(faultFiles), installation, out)) {
            Topics topics = new Topics(cluster.bootstrapServers(), "documents", "labelled-documents", "dead-letters");
            cluster.createTopics(
                    Documents.PARTITIONS, List.of(topics.input(), topics.labelled(), topics.deadLetters()));
            Submission job = new Submission(installation.jobJar().toString(), 2, jobSettings(cluster));
            cluster.submit(job);
            Documents documents = new Documents(seed);
            try (LiveAnswers answers = new LiveAnswers(topics);
                    Feeder feeder = new Feeder(topics, documents, MOST_UNANSWERED, answers::count)) {
                awaitAnswers(answers, documents.undisturbed());
                out.accept("Undisturbed: " + documents.undisturbed() + " records answered");
                Path upgraded = Upgrade.of(installation.jobJar(), home.resolve("upgraded.jar"));
                Faults faults = new Faults(cluster, feeder, disk, faultFiles, job, upgraded);
                Result struck = strike(faults, feeder, answers);
                int sent = feeder.finish();
                out.accept("Sent " + sent + " records; waiting for the last answers …");
                boolean all = awaitAnswers(answers, sent);
                stop(cluster);
                // With another parallelism, Flink deals out documents in flight anew, whatever their partition.
                boolean ordered = exactlyOnce && !faults.haveRescaled();
                Checker checker = new Checker(topics, documents, exactlyOnce, ordered);
                Verdict verdict = checker.verdict(sent, TRANSACTION_TIMEOUT.plusMinutes(1));
                checker.deadLettersByReason().forEach((words, count) -> out.accept("  " + count + " " + words));
                verdict.examples().forEach(out);
                return new Result(verdict, struck.faults(), struck.longestRecovery(), struck.recovered() && all);
            }
        }
    }

    private ClusterSettings settings(Path faultFiles) throws IOException {
        ClusterSettings usual = ClusterSettings.of(home, Ports.anyFree());
        String agent = ownJar().toString();
        String byteBuddy = jarOf(net.bytebuddy.ByteBuddy.class).toString();
        return new ClusterSettings(
                usual.home(),
                usual.ports(),
                usual.taskManagers(),
                usual.slots(),
                usual.checkpoints(),
                List.of("-javaagent:" + agent + "=" + faultFiles),
                byteBuddy,
                Map.of(
                        "restart-strategy.exponential-delay.max-backoff", "3 s",
                        "restart-strategy.exponential-delay.reset-backoff-threshold", "10 s"));
    }

    private List<String> jobSettings(Cluster cluster) {
        return List.of(
                "--job.name=chaos",
                "--kafka.bootstrap-servers=" + cluster.bootstrapServers(),
                "--kafka.start-from=earliest",
                "--kafka.guarantee=" + (exactlyOnce ? "exactly-once" : "at-least-once"),
                "--kafka.transaction-timeout=" + TRANSACTION_TIMEOUT.toSeconds() + " s",
                "--model.bundle=" + bundle,
                "--model.inference-threads=1",
                // Minutes of work for a tiny model with its tiny segments, were it not refused.
                "--model.max-characters=500000",
                "--classify.timeout=15 s",
                "--classify.capacity=64",
                "--checkpoint.interval=1 s",
                "--checkpoint.timeout=30 s");
    }

    private Result strike(Faults faults, Feeder feeder, LiveAnswers answers) throws IOException, InterruptedException {
        Schedule schedule = new Schedule(seed, kinds);
        feeder.goOn();
        long begun = System.nanoTime();
        int struck = 0;
        Duration longest = Duration.ZERO;
        boolean recovered = true;
        for (Planned fault = schedule.next();
                elapsed(begun).plus(fault.pause()).compareTo(duration) < 0;
                fault = schedule.next()) {
            Thread.sleep(fault.pause().toMillis());
            long strike = System.nanoTime();
            double at = elapsed(begun).toMillis() / 1000.0;
            long[] before = feeder.lastOffsets();
            String whom = faults.strike(fault, () -> answers.areBeyond(before));
            long[] after = fault.kind() == FaultKind.RESCALED ? feeder.lastOffsets() : before;
            boolean flows = await(() -> answers.areBeyond(after), RECOVERY_LIMIT);
            Duration recovery = elapsed(strike);
            struck++;
            recovered &= flows;
            longest = recovery.compareTo(longest) > 0 ? recovery : longest;
            out.accept(String.format(
                    Locale.ROOT,
                    "%6.1f s  %-22s %-40s %s %.1f s, %d records sent",
                    at,
                    fault.kind(),
                    whom,
                    flows ? "flows again after" : "DOES NOT FLOW after",
                    recovery.toMillis() / 1000.0,
                    feeder.sent()));
            if (!flows) {
                break;
            }
        }
        return new Result(new Verdict(0, 0, 0, 0, 0, 0, List.of()), struck, longest, recovered);
    }

    private static Duration elapsed(long since) {
        return Duration.ofNanos(System.nanoTime() - since);
    }

    private boolean awaitAnswers(LiveAnswers answers, int count) throws InterruptedException {
        return await(() -> answers.count() >= count, RECOVERY_LIMIT);
    }

    private static boolean await(java.util.function.BooleanSupplier condition, Duration limit)
            throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            Thread.sleep(POLL.toMillis());
        }
        return true;
    }

    private void stop(Cluster cluster) throws IOException, InterruptedException {
        try {
            cluster.stopJob();
        } catch (ClusterException e) {
            out.accept(String.valueOf(e.getMessage()));
        }
    }

    private static Path ownJar() {
        Path jar = jarOf(ChaosRun.class);
        if (!Files.isRegularFile(jar)) {
            throw new IllegalStateException(
                    "This runs from " + jar + ", but the agent must be a jar; run the packaged one");
        }
        return jar;
    }

    private static Path jarOf(Class<?> type) {
        try {
            return Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("The place of " + type + " is no URI; this is a bug", e);
        }
    }
}
