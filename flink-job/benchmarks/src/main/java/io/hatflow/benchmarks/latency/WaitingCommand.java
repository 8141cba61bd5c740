package io.hatflow.benchmarks.latency;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.DocumentStream;
import io.hatflow.benchmarks.document.Lengths;
import io.hatflow.benchmarks.kafka.Arrival;
import io.hatflow.benchmarks.kafka.RunningPipeline;
import io.hatflow.benchmarks.kafka.WireFormat;
import io.hatflow.benchmarks.latency.OfferedLoad.Sample;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.benchmarks.report.Results;
import io.hatflow.benchmarks.throughput.RunCommand;
import io.hatflow.broker.LocalBroker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.flink.util.FileUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How long short documents wait where a very long one comes now and then: the pipeline, unordered, at a share of its capacity. */
@Command(
        name = "waiting",
        description = "Latency of short documents among very long ones, over that of the same documents alone.",
        mixinStandardHelpOptions = true)
public final class WaitingCommand implements Callable<Integer> {

    private static final int SHORT = 8;
    private static final int REPETITIONS = 9;
    private static final long SEED = 2718;
    private static final int CAPACITY_DOCUMENTS = 200;

    @Option(names = "--bundle", required = true, description = "model bundle")
    private Path bundle = Path.of("");

    @Option(names = "--documents", defaultValue = "2000", description = "offered (${DEFAULT-VALUE})")
    private int documents;

    @Option(names = "--one-in", defaultValue = "1000", description = "how often a long one comes (${DEFAULT-VALUE})")
    private int oneIn;

    @Option(names = "--segments", defaultValue = "2000", description = "of a long one (${DEFAULT-VALUE})")
    private int longSegments;

    @Option(
            names = "--rate",
            defaultValue = "0",
            description = "documents per second to offer (70 %% of what the pipeline can do, measured before)")
    private double rate;

    @Option(names = "--output", required = true, description = "JSON file for the results")
    private Path output = Path.of("");

    /**
     * What was found.
     *
     * @param startMillis from the submission of the job until its first event, of a document that was there before
     * @param documentsPerSecond that the pipeline can do of this stream
     * @param offered documents per second
     * @param aloneMillis by its segments, what a document takes alone from Kafka to Kafka; median
     * @param shortMillis latencies of documents of up to 8 segments
     * @param shortSlowdown the same over {@code aloneMillis}
     * @param longAloneMillis what a long document takes alone
     * @param longMillis latencies of the long ones
     */
    record Waiting(
            double startMillis,
            double documentsPerSecond,
            double offered,
            Map<Integer, Double> aloneMillis,
            Percentiles shortMillis,
            Percentiles shortSlowdown,
            double longAloneMillis,
            List<Double> longMillis) {}

    @Override
    public Integer call() throws Exception {
        RunCommand.atLeast(1, Map.of("--documents", documents, "--one-in", oneIn, "--segments", longSegments));
        Progress progress = new Progress(System.out);
        Results results = new Results(
                output,
                "flink-job/benchmarks/waiting.sh",
                Map.of(
                        "bundle", String.valueOf(bundle.getFileName()),
                        "documents", documents,
                        "oneIn", oneIn,
                        "segments", longSegments));
        Path folder = Files.createTempDirectory("hatflow-benchmark");
        try (TextReader reader = TextReader.open(bundle);
                LocalBroker broker = LocalBroker.start(folder.resolve("kafka"))) {
            Waiting found = measure(reader, broker, folder, progress);
            results.put("waiting", found);
            System.out.printf(
                    Locale.ROOT,
                    "up to %d segments: latency ÷ alone p50 %.2f, p99 %.2f; long ones: ÷ alone %s%n",
                    SHORT,
                    found.shortSlowdown().p50(),
                    found.shortSlowdown().p99(),
                    found.longMillis().stream()
                            .map(millis -> String.format(Locale.ROOT, "%.2f", millis / found.longAloneMillis()))
                            .collect(Collectors.joining(", ")));
        } finally {
            FileUtils.deleteDirectoryQuietly(folder.toFile());
        }
        progress.say("Results: " + results.file());
        return 0;
    }

    private Waiting measure(TextReader reader, LocalBroker broker, Path folder, Progress progress) throws Exception {
        DocumentStream stream = new DocumentStream(reader);
        Random chance = new Random(SEED);
        long submitted = System.nanoTime();
        try (RunningPipeline pipeline = RunningPipeline.start(
                broker,
                folder,
                "waiting",
                bundle,
                Resources.ofCpu(Runtime.getRuntime().availableProcessors()),
                WireFormat.HATFLOW,
                "--kafka.guarantee=at-least-once",
                "--classify.order=unordered")) {
            double start = pipeline.millis(new Document("first", stream.text(1, chance), false), submitted);
            progress.say(String.format(Locale.ROOT, "the first event came %.1f s after the submission", start / 1000));
            double capacity = capacity(pipeline, stream);
            Map<Integer, Double> alone = new LinkedHashMap<>();
            for (int segments = 1; segments <= SHORT; segments++) {
                alone.put(segments, alone(pipeline, stream, segments, REPETITIONS, chance));
            }
            double longAlone = alone(pipeline, stream, longSegments, 1, chance);
            double possible = oneIn / (oneIn / capacity + longAlone / 1000);
            double offered = rate > 0 ? rate : 0.7 * possible;
            progress.say(String.format(
                    Locale.ROOT,
                    "alone, %d segments take %.0f ms and %d take %.1f s; offering %.2f documents/s",
                    SHORT,
                    alone.get(SHORT),
                    longSegments,
                    longAlone / 1000,
                    offered));
            List<Document> mixture =
                    stream.withLong(stream.draw(Lengths.MIXED, documents, SEED + 2), oneIn, longSegments, chance);
            List<Sample> samples = new OfferedLoad(pipeline, chance).offer(mixture, offered);
            return waiting(reader, start, possible, offered, alone, longAlone, samples);
        }
    }

    private Waiting waiting(
            TextReader reader,
            double start,
            double possible,
            double offered,
            Map<Integer, Double> alone,
            double longAlone,
            List<Sample> samples) {
        List<Long> nanos = new ArrayList<>();
        List<Long> slowdowns = new ArrayList<>();
        List<Double> longs = new ArrayList<>();
        for (Sample sample : samples) {
            if (sample.document().id().startsWith("long")) {
                longs.add(sample.nanos() / 1e6);
                continue;
            }
            Double own =
                    alone.get(reader.read(sample.document().text()).segments().size());
            if (own != null) {
                nanos.add(sample.nanos());
                slowdowns.add((long) (sample.nanos() / own)); // percentiles are in millionths
            }
        }
        return new Waiting(
                start, possible, offered, alone, Percentiles.of(nanos), Percentiles.of(slowdowns), longAlone, longs);
    }

    /** Documents per second, of the stream without long ones. The first half does not count: the JVM is still compiling. */
    private static double capacity(RunningPipeline pipeline, DocumentStream stream) throws Exception {
        double capacity = 0;
        for (int half = 0; half < 2; half++) {
            String prefix = "capacity-" + half + "-";
            List<Document> documents = stream.draw(Lengths.MIXED, CAPACITY_DOCUMENTS / 2, SEED + half).stream()
                    .map(document -> new Document(prefix + document.id(), document.text(), false))
                    .toList();
            long begun = System.nanoTime();
            List<Arrival> arrivals =
                    pipeline.classify(documents.stream().map(pipeline::record).toList());
            capacity = arrivals.size() / ((System.nanoTime() - begun) / 1e9);
        }
        return capacity;
    }

    private static double alone(
            RunningPipeline pipeline, DocumentStream stream, int segments, int repetitions, Random chance)
            throws Exception {
        List<Long> nanos = new ArrayList<>();
        for (int i = 0; i < repetitions; i++) {
            Document document = new Document("alone-" + segments + "-" + i, stream.text(segments, chance), false);
            nanos.add((long) (1e6 * pipeline.millis(document, System.nanoTime())));
        }
        return Percentiles.of(nanos).p50();
    }
}
