package io.hatflow.benchmarks.latency;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
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
import io.hatflow.broker.LocalBroker;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
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
    private static final JsonMapper JSON = new JsonMapper();

    /** Of {@code classify.capacity}, out of the box. */
    private static final int CAPACITY = 128;

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
        if (documents <= CAPACITY || oneIn < 1) {
            throw new IllegalArgumentException("--documents is " + documents + " and --one-in " + oneIn
                    + ", expected more than the " + CAPACITY + " that a task holds, and at least 1");
        }
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
            Document filing = new Document("filing", stream.text(longSegments, chance), false);
            List<Document> filings = IntStream.range(0, documents)
                    .mapToObj(i ->
                            i % oneIn == oneIn / 2 ? new Document("filing-" + i, filing.text(), false) : mixed.get(i))
                    .toList();
            Document longestOfMixed = new Document("longest", stream.text(32, chance), false);
            for (String order : List.of("ordered", "unordered")) {
                results.add("points", measure("mixed", order, mixed, longestOfMixed, broker, folder, progress));
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
                "--checkpoint.interval=" + intervalMillis + " ms",
                "--flink.rest.bind-port=" + port,
                // More than there will be.
                "--flink.web.checkpoints.history=10000")) {
            pipeline.classify(List.of(pipeline.record(new Document("first", longest.text(), false))));
            long begun = System.nanoTime();
            double alone =
                    (pipeline.classify(List.of(pipeline.record(longest))).get(0).nanos() - begun) / 1e6;
            stream.forEach(document -> pipeline.send(pipeline.record(document)));
            // From its first event on, the task has taken as many as it holds; it holds as many until no more wait in
            // Kafka.
            List<Arrival> full = pipeline.await(documents - CAPACITY);
            long since = full.get(0).nanos(), until = full.get(full.size() - 1).nanos();
            pipeline.await(CAPACITY);
            List<Long> nanos = checkpoints(port, pipeline.jobId(), wallClock(since), wallClock(until));
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

    /** Durations, in nanoseconds, of the completed checkpoints that began between two points in time. */
    private static List<Long> checkpoints(int port, String job, long sinceMillis, long untilMillis)
            throws IOException, InterruptedException {
        URI address = URI.create("http://localhost:" + port + "/jobs/" + job + "/checkpoints");
        String answer = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString())
                .body();
        List<Long> nanos = new ArrayList<>();
        for (JsonNode checkpoint : JSON.readTree(answer).path("history")) {
            long begun = checkpoint.path("trigger_timestamp").asLong();
            if (checkpoint.path("status").asText().equals("COMPLETED")
                    && begun >= sinceMillis
                    && begun <= untilMillis) {
                nanos.add(checkpoint.path("end_to_end_duration").asLong() * 1_000_000);
            }
        }
        return nanos;
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
