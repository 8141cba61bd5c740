package io.hatflow.benchmarks.latency;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.DocumentStream;
import io.hatflow.benchmarks.document.Lengths;
import io.hatflow.benchmarks.kafka.Arrival;
import io.hatflow.benchmarks.kafka.RunningPipeline;
import io.hatflow.benchmarks.kafka.WireFormat;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.benchmarks.report.Results;
import io.hatflow.benchmarks.throughput.RunCommand;
import io.hatflow.broker.LocalBroker;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import org.apache.flink.util.FileUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How long checkpoints take while a task is full. Flink's async operator takes part in none before a document has left it. */
@Command(
        name = "checkpoints",
        description = "How long checkpoints take while more documents wait than a task holds.",
        mixinStandardHelpOptions = true)
public final class CheckpointsCommand implements Callable<Integer> {

    private static final long SEED = 1618;

    /** That of {@code classify.capacity} out of the box. */
    private static final int CAPACITY = 128;

    /** What {@link Lengths#MIXED} clips to. */
    private static final int LONGEST_MIXED = 32;

    @Option(names = "--bundle", required = true, description = "model bundle")
    private Path bundle = Path.of("");

    @Option(names = "--documents", defaultValue = "600", description = "offered at once (${DEFAULT-VALUE})")
    private int documents;

    @Option(names = "--one-in", defaultValue = "150", description = "how often a long one comes (${DEFAULT-VALUE})")
    private int oneIn;

    @Option(names = "--segments", defaultValue = "2000", description = "of a long one (${DEFAULT-VALUE})")
    private int longSegments;

    @Option(
            names = "--interval-millis",
            defaultValue = "1000",
            description = "from a checkpoint to the next (${DEFAULT-VALUE})")
    private int intervalMillis;

    @Option(names = "--output", required = true, description = "JSON file for the results")
    private Path output = Path.of("");

    /**
     * What was found.
     *
     * @param stream of which documents
     * @param order that of {@code classify.order}
     * @param seconds for which the task was full
     * @param millis durations of the checkpoints that began while it was
     * @param checkpoints how many these are
     * @param longestAloneMillis what the longest of the documents takes while nothing else is there
     */
    record Point(
            String stream,
            String order,
            double seconds,
            Percentiles millis,
            int checkpoints,
            double longestAloneMillis) {}

    @Override
    public Integer call() throws Exception {
        RunCommand.atLeast(CAPACITY + 1, Map.of("--documents", documents));
        RunCommand.atLeast(
                1, Map.of("--one-in", oneIn, "--segments", longSegments, "--interval-millis", intervalMillis));
        Progress progress = new Progress(System.out);
        Results results = new Results(
                output,
                "flink-job/benchmarks/checkpoints.sh",
                Map.of(
                        "bundle", String.valueOf(bundle.getFileName()),
                        "documents", documents,
                        "oneIn", oneIn,
                        "segments", longSegments,
                        "intervalMillis", intervalMillis));
        Path folder = Files.createTempDirectory("hatflow-benchmark");
        try (TextReader reader = TextReader.open(bundle);
                LocalBroker broker = LocalBroker.start(folder.resolve("kafka"))) {
            DocumentStream stream = new DocumentStream(reader);
            Random chance = new Random(SEED);
            List<Document> mixed = stream.draw(Lengths.MIXED, documents, SEED);
            List<Document> filings = stream.withLong(mixed, oneIn, longSegments, chance);
            Document longestMixed = new Document("longest", stream.text(LONGEST_MIXED, chance), false);
            Document filing = new Document("filing", stream.text(longSegments, chance), false);
            for (String order : List.of("ordered", "unordered")) {
                results.add("points", measure("mixed", order, mixed, longestMixed, broker, folder, progress));
                results.add("points", measure("filings", order, filings, filing, broker, folder, progress));
            }
        } finally {
            FileUtils.deleteDirectoryQuietly(folder.toFile());
        }
        progress.say("Results: " + results.file());
        return 0;
    }

    private Point measure(
            String name,
            String order,
            List<Document> stream,
            Document longest,
            LocalBroker broker,
            Path folder,
            Progress progress)
            throws Exception {
        int port = freePort();
        try (RunningPipeline pipeline = RunningPipeline.start(
                broker,
                folder,
                "checkpoints-" + name + "-" + order,
                bundle,
                Resources.ofCpu(Runtime.getRuntime().availableProcessors()),
                WireFormat.HATFLOW,
                "--classify.order=" + order,
                "--classify.capacity=" + CAPACITY,
                "--checkpoint.interval=" + intervalMillis + " ms",
                "--flink.rest.bind-port=" + port,
                // More than there will be.
                "--flink.web.checkpoints.history=10000")) {
            pipeline.millis(new Document("first", longest.text(), false), System.nanoTime());
            double alone = pipeline.millis(longest, System.nanoTime());
            stream.forEach(document -> pipeline.send(pipeline.record(document)));
            // From its first event on, the task has taken as many as it holds; it holds as many until no more wait in
            // Kafka.
            List<Arrival> full = pipeline.await(documents - CAPACITY);
            long since = full.get(0).nanos(), until = full.get(full.size() - 1).nanos();
            pipeline.await(CAPACITY);
            List<Long> nanos = CheckpointHistory.nanos(port, pipeline.jobId(), wallClock(since), wallClock(until));
            if (nanos.isEmpty()) {
                throw new IllegalArgumentException("No checkpoint began in the " + (until - since) / 1_000_000
                        + " ms for which the task was full, expected one each " + intervalMillis
                        + " ms: let --documents be more than "
                        + documents);
            }
            Point point = new Point(name, order, (until - since) / 1e9, Percentiles.of(nanos), nanos.size(), alone);
            progress.say(String.format(
                    Locale.ROOT,
                    "%s, %s: %d checkpoints in %.0f s, p50 %.2f s, longest %.2f s; the longest document takes %.2f s alone",
                    name,
                    order,
                    point.checkpoints(),
                    point.seconds(),
                    point.millis().p50() / 1000,
                    point.millis().largest() / 1000,
                    alone / 1000));
            return point;
        }
    }

    private static long wallClock(long nanoTime) {
        return System.currentTimeMillis() - (System.nanoTime() - nanoTime) / 1_000_000;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
