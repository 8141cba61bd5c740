package io.hatflow.benchmarks.latency;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.DocumentStream;
import io.hatflow.benchmarks.document.Lengths;
import io.hatflow.benchmarks.kafka.Arrival;
import io.hatflow.benchmarks.kafka.DefaultSettings;
import io.hatflow.benchmarks.kafka.RunningPipeline;
import io.hatflow.benchmarks.kafka.WireFormat;
import io.hatflow.benchmarks.latency.OfferedLoad.Sample;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.broker.LocalBroker;
import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.flink.pool.PooledClassifier;
import io.hatflow.inference.batch.BatchStatistics;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Measures the latency of the pipeline, delivering at least once, on the mixed stream: alone, and under shares of its capacity. */
public final class Latency {

    private static final int MEDIAN_SEGMENTS = 5;
    private static final int LONE_DOCUMENTS = 11;
    private static final int HEADLINE_LOAD = 70;
    private static final long SEED = 4711;

    /** Who wants events soon does not wait for a transaction's end. */
    private static final String PROMPT = "--kafka.guarantee=at-least-once";

    private final Path bundle;
    private final TextReader reader;
    private final LocalBroker broker;
    private final Path folder;
    private final Resources resources;
    private final Progress progress;

    public Latency(
            Path bundle, TextReader reader, LocalBroker broker, Path folder, Resources resources, Progress progress) {
        this.bundle = bundle;
        this.reader = reader;
        this.broker = broker;
        this.folder = folder;
        this.resources = resources;
        this.progress = progress;
    }

    /**
     * Offers one load after the other.
     *
     * @param capacity documents per second, as measured before
     * @param loads per cent of it
     * @param perLoad how long each is offered
     */
    public LatencyResult measure(double capacity, List<Integer> loads, Duration perLoad) throws Exception {
        DocumentStream stream = new DocumentStream(reader);
        Random chance = new Random(SEED);
        List<LoadResult> results = new ArrayList<>();
        loads.forEach(load -> progress.plan("latency at " + load + " %", 1));
        try (PooledClassifier leased =
                        ClassifierPool.lease(DefaultSettings.of("latency", broker.bootstrapServers(), bundle, resources)
                                .classify()
                                .classifier());
                RunningPipeline pipeline = RunningPipeline.start(
                        broker, folder, "latency", bundle, resources, WireFormat.HATFLOW, PROMPT)) {
            double lone = loneMedian(pipeline, stream, chance);
            progress.say(
                    String.format(Locale.ROOT, "a lone document of %d segments takes %.0f ms", MEDIAN_SEGMENTS, lone));
            for (int load : loads) {
                double rate = capacity * load / 100;
                int count = (int) Math.max(4, Math.round(rate * perLoad.toSeconds()));
                List<Document> documents = renamed(stream.draw(Lengths.MIXED, count, SEED + load), "load-" + load);
                BatchStatistics before = leased.statistics().get();
                long begun = System.nanoTime();
                List<Sample> samples = new OfferedLoad(pipeline, chance).offer(documents, rate);
                LoadResult result =
                        result(load, rate, samples, before, leased.statistics().get());
                results.add(result);
                progress.done(
                        "latency at " + load + " %",
                        Duration.ofNanos(System.nanoTime() - begun),
                        String.format(
                                Locale.ROOT,
                                "p99 %.0f ms",
                                result.latencyMillis().p99()));
            }
            return new LatencyResult(capacity, MEDIAN_SEGMENTS, lone, overLone(results, lone), results);
        }
    }

    private double loneMedian(RunningPipeline pipeline, DocumentStream stream, Random chance) throws Exception {
        List<Long> nanos = new ArrayList<>();
        for (int i = 0; i <= LONE_DOCUMENTS; i++) {
            Document lone = new Document("lone-" + i, stream.text(MEDIAN_SEGMENTS, chance), true);
            long begun = System.nanoTime();
            Arrival arrival = pipeline.classify(List.of(pipeline.record(lone))).get(0);
            if (i > 0) { // the first one finds the job starting
                nanos.add(arrival.nanos() - begun);
            }
        }
        return Percentiles.of(nanos).p50();
    }

    private LoadResult result(
            int load, double rate, List<Sample> samples, BatchStatistics before, BatchStatistics after) {
        long batches = Math.max(1, after.batches() - before.batches());
        List<Long> slowdowns = samples.stream()
                .map(sample -> {
                    int segments =
                            reader.read(sample.document().text()).segments().size();
                    double alone = after.fixedNanos() + after.nanosPerRow() * segments;
                    return (long) (sample.nanos() / alone * 1e6); // percentiles are in millionths
                })
                .toList();
        return new LoadResult(
                load,
                rate,
                samples.size(),
                Percentiles.of(samples.stream().map(Sample::nanos).toList()),
                Percentiles.of(slowdowns),
                (double) (after.windows() - before.windows()) / batches,
                (double) (after.rows() - before.rows()) / batches);
    }

    private static @Nullable Double overLone(List<LoadResult> results, double lone) {
        return results.stream()
                .filter(result -> result.percentOfCapacity() == HEADLINE_LOAD)
                .map(result -> result.latencyMillis().p99() / lone)
                .findFirst()
                .orElse(null);
    }

    private static List<Document> renamed(List<Document> documents, String prefix) {
        return documents.stream()
                .map(document -> new Document(prefix + "-" + document.id(), document.text(), false))
                .toList();
    }

    /** For a person. */
    public static void print(LatencyResult result, PrintStream out) {
        out.printf(
                Locale.ROOT,
                "%nlatency from Kafka to Kafka, mixed; 100 %% = %.2f documents/s; a lone document of %d segments: %.0f ms%n%n",
                result.capacity(),
                result.medianSegments(),
                result.loneMedianMillis());
        out.println("load    documents   p50 ms   p90 ms   p99 ms  p99.9 ms   documents, segments a batch");
        for (LoadResult load : result.loads()) {
            Percentiles latency = load.latencyMillis();
            out.printf(
                    Locale.ROOT,
                    "%3d %%  %10d %8.0f %8.0f %8.0f %9.0f   %9.1f %9.1f%n",
                    load.percentOfCapacity(),
                    load.documents(),
                    latency.p50(),
                    latency.p90(),
                    latency.p99(),
                    latency.p999(),
                    load.documentsPerBatch(),
                    load.segmentsPerBatch());
        }
        if (result.p99At70OverLone() != null) {
            out.printf(
                    Locale.ROOT,
                    "%np99 at %d %% of the capacity is %.1f times a lone median document%n",
                    HEADLINE_LOAD,
                    result.p99At70OverLone());
        }
    }
}
