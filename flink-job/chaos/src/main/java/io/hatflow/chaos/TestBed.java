package io.hatflow.chaos;

import io.hatflow.chaos.Schedule.Planned;
import io.hatflow.chaos.check.Checker;
import io.hatflow.chaos.check.Documents;
import io.hatflow.chaos.check.Feeder;
import io.hatflow.chaos.check.LiveAnswers;
import io.hatflow.chaos.check.SingleObject;
import io.hatflow.chaos.check.Topics;
import io.hatflow.chaos.check.Verdict;
import io.hatflow.chaos.check.Wire;
import io.hatflow.cluster.Cluster;
import io.hatflow.cluster.ClusterException;
import io.hatflow.cluster.ClusterSettings;
import io.hatflow.cluster.ClusterSettings.Ports;
import io.hatflow.cluster.Installation;
import io.hatflow.cluster.KeptProcess;
import io.hatflow.cluster.Submission;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A cluster that runs the job from its jar, the records that flow through it, and faults that can be made to strike it. Not
 * thread-safe.
 */
final class TestBed {

    private static final String INPUT = "documents";
    private static final Duration RECOVERY_LIMIT = Duration.ofMinutes(4);
    private static final Duration POLL = Duration.ofMillis(50);
    private static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(3);

    /**
     * What is tested.
     *
     * @param home folder of everything that is written
     * @param bundle the model
     * @param seed of the records
     * @param exactlyOnce the guarantee; at least once otherwise
     * @param format of documents and events
     * @param shortLived whether TaskManagers start again and again, so that compiling for later would be most of their work
     */
    record Setup(
            Installation installation,
            Path home,
            Path bundle,
            long seed,
            boolean exactlyOnce,
            Format format,
            boolean shortLived) {}

    /** What is done on a test bed. */
    interface Work<T> {
        T on(TestBed bed) throws IOException, InterruptedException;
    }

    private final Setup setup;
    private final Consumer<String> out;
    private final Topics topics;
    private final Documents documents;
    private final Cluster cluster;
    private final LiveAnswers answers;
    private final Feeder feeder;
    private final Faults faults;

    private TestBed(
            Setup setup,
            Consumer<String> out,
            Topics topics,
            Documents documents,
            Cluster cluster,
            LiveAnswers answers,
            Feeder feeder,
            Faults faults) {
        this.setup = setup;
        this.out = out;
        this.topics = topics;
        this.documents = documents;
        this.cluster = cluster;
        this.answers = answers;
        this.feeder = feeder;
        this.faults = faults;
    }

    /**
     * Sets one up, has every text classified once while nothing is disturbed, and then the work done. Nothing of it is left but what lies
     * in its home.
     *
     * @param mostUnanswered how many records may be on their way
     * @param out is told in sentences what happens
     */
    static <T> T use(Setup setup, int mostUnanswered, Consumer<String> out, Work<T> work)
            throws IOException, InterruptedException {
        Path home = Files.createDirectories(setup.home());
        Path faultFiles = Files.createDirectories(home.resolve("faults"));
        Path jar = setup.installation().jobJar();
        try (FullDisk disk = FullDisk.at(home.resolve("checkpoints"));
                RegisteredRecords records = records(setup.format(), home, out);
                Cluster cluster = Cluster.start(clusterSettings(setup, faultFiles), setup.installation(), out)) {
            Wire wire = records == null ? new SingleObject() : records.wire();
            Documents documents = new Documents(setup.seed(), wire);
            Topics topics = new Topics(cluster.bootstrapServers(), INPUT, "labelled-documents", "dead-letters");
            cluster.createTopics(
                    Documents.PARTITIONS, List.of(topics.input(), topics.labelled(), topics.deadLetters()));
            Submission job = new Submission(jar.toString(), 2, jobSettings(setup, cluster, records));
            cluster.submit(job);
            try (LiveAnswers answers = new LiveAnswers(topics, wire);
                    Feeder feeder = new Feeder(topics, documents, mostUnanswered, answers::count)) {
                if (!await(() -> answers.count() >= documents.undisturbed())) {
                    throw new ClusterException("Undisturbed records are not answered; see " + home.resolve("log"));
                }
                out.accept("Undisturbed: " + documents.undisturbed() + " records answered");
                Faults faults = new Faults(cluster, feeder, disk, faultFiles, job, home, records);
                return work.on(new TestBed(setup, out, topics, documents, cluster, answers, feeder, faults));
            }
        }
    }

    private static @Nullable RegisteredRecords records(Format format, Path home, Consumer<String> out)
            throws IOException, InterruptedException {
        if (format == Format.HATFLOW) {
            return null;
        }
        out.accept("Starting a schema registry …");
        return RegisteredRecords.start(home, INPUT);
    }

    private static ClusterSettings clusterSettings(Setup setup, Path faultFiles) throws IOException {
        ClusterSettings usual = ClusterSettings.of(setup.home(), Ports.anyFree());
        List<String> options = new ArrayList<>(List.of("-javaagent:" + ownJar() + "=" + faultFiles));
        if (setup.shortLived()) {
            options.add("-XX:TieredStopAtLevel=1");
        }
        String byteBuddy = jarOf(net.bytebuddy.ByteBuddy.class).toString();
        return new ClusterSettings(
                usual.home(),
                usual.ports(),
                usual.taskManagers(),
                usual.slots(),
                usual.checkpoints(),
                options,
                byteBuddy,
                Map.of(
                        "restart-strategy.exponential-delay.max-backoff", "3 s",
                        "restart-strategy.exponential-delay.reset-backoff-threshold", "10 s"));
    }

    private static List<String> jobSettings(Setup setup, Cluster cluster, @Nullable RegisteredRecords records) {
        List<String> settings = new ArrayList<>(List.of(
                "--job.name=chaos",
                "--kafka.bootstrap-servers=" + cluster.bootstrapServers(),
                "--kafka.start-from=earliest",
                "--kafka.guarantee=" + (setup.exactlyOnce() ? "exactly-once" : "at-least-once"),
                "--kafka.transaction-timeout=" + TRANSACTION_TIMEOUT.toSeconds() + " s",
                "--model.bundle=" + setup.bundle(),
                "--model.inference-threads=1",
                "--model.max-characters=" + Documents.MOST_CHARACTERS,
                "--model.run-timeout=15 s",
                "--classify.capacity=64",
                "--checkpoint.interval=1 s",
                "--checkpoint.timeout=30 s"));
        if (records != null) {
            settings.addAll(records.jobSettings());
        }
        return settings;
    }

    Cluster cluster() {
        return cluster;
    }

    Topics topics() {
        return topics;
    }

    Feeder feeder() {
        return feeder;
    }

    LiveAnswers answers() {
        return answers;
    }

    /**
     * A fault that has struck.
     *
     * @param whom for people
     * @param recovery from the fault until records that were sent after it are answered in every partition
     * @param flows whether they are; false if not in time
     */
    record Struck(String whom, Duration recovery, boolean flows) {}

    /** Returns when documents flow again after a fault, or have not for minutes. */
    Struck strike(Planned fault) throws IOException, InterruptedException {
        long begun = System.nanoTime();
        int starts = taskManagerStarts();
        String whom = faults.strike(fault, answers::areBeyond);
        long[] after = feeder.lastOffsets();
        boolean flows = await(() -> answers.areBeyond(after));
        if (fault.kind().sparesProcesses() && taskManagerStarts() > starts) {
            out.accept("A TaskManager was started again although only its job was ended");
            flows = false;
        }
        return new Struck(whom, Duration.ofNanos(System.nanoTime() - begun), flows);
    }

    private int taskManagerStarts() {
        return cluster.taskManagers().stream().mapToInt(KeptProcess::starts).sum();
    }

    /**
     * How a run ended.
     *
     * @param orderly whether all was answered in time, and the job could be stopped
     */
    record End(Verdict verdict, boolean orderly) {}

    /** Sends no more, waits for the last answers, stops the job and compares what came out with what was sent. */
    End finish() throws IOException, InterruptedException {
        int sent = feeder.finish();
        out.accept("Sent " + sent + " records" + faults.versions() + "; waiting for the last answers …");
        boolean orderly = await(() -> answers.count() >= sent);
        try {
            cluster.stopJob();
        } catch (ClusterException e) {
            out.accept(String.valueOf(e.getMessage()));
            orderly = false;
        }
        // With another parallelism, Flink deals out documents in flight anew, whatever their partition.
        boolean ordered = setup.exactlyOnce() && !faults.haveRescaled();
        Checker checker = new Checker(documents, topics.input(), setup.exactlyOnce(), ordered);
        Verdict verdict = checker.read(topics, sent, TRANSACTION_TIMEOUT.plusMinutes(1));
        checker.deadLetters().forEach((words, count) -> out.accept("  " + count + " " + words));
        verdict.examples().forEach(out);
        return new End(verdict, orderly);
    }

    private static boolean await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + RECOVERY_LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            Thread.sleep(POLL.toMillis());
        }
        return true;
    }

    private static Path ownJar() {
        Path jar = jarOf(TestBed.class);
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
