package io.hatflow.benchmarks.latency;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.DocumentStream;
import io.hatflow.benchmarks.document.Lengths;
import io.hatflow.benchmarks.kafka.RunningPipeline;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.benchmarks.report.Results;
import io.hatflow.job.demo.LocalBroker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Steady load on the pipeline while memory is watched. Job, cluster, sender and reader share this JVM, so what is seen is an upper bound
 * of what the job holds. The first fifth of the samples is shown but not judged: arenas and code are still growing to their size.
 */
@Command(name = "soak", description = "Memory under steady load.")
public final class SoakCommand implements Callable<Integer> {

    private static final double LOAD = 0.8;
    private static final int DOCUMENTS_FOR_CAPACITY = 32;
    private static final long SEED = 31337;

    @Option(names = "--bundle", required = true, description = "model bundle")
    private Path bundle = Path.of("");

    @Option(names = "--minutes", required = true, description = "how long")
    private double minutes;

    @Option(names = "--every", defaultValue = "5", description = "seconds between two samples (${DEFAULT-VALUE})")
    private double every;

    @Option(names = "--output", required = true, description = "JSON file for the results")
    private Path output = Path.of("");

    @Override
    public Integer call() throws Exception {
        Progress progress = new Progress(System.out);
        Results results = new Results(
                output,
                "soak",
                Map.of("bundle", String.valueOf(bundle.getFileName()), "minutes", minutes, "load", LOAD));
        Path folder = Files.createTempDirectory("hatflow-soak");
        int threads = Runtime.getRuntime().availableProcessors();
        try (TextReader reader = TextReader.open(bundle);
                LocalBroker broker = LocalBroker.start(folder.resolve("kafka"));
                RunningPipeline pipeline = RunningPipeline.start(broker, folder, "soak", bundle, threads)) {
            DocumentStream stream = new DocumentStream(reader);
            double capacity = capacity(pipeline, stream);
            progress.say(String.format(
                    Locale.ROOT,
                    "capacity %.2f documents/s; offering %.0f %% of it for %.1f min",
                    capacity,
                    100 * LOAD,
                    minutes));
            List<MemorySample> samples = soak(pipeline, stream, LOAD * capacity, progress);
            Map<String, Trend> trends = trends(samples.subList(samples.size() / 5, samples.size()));
            results.put("capacity", capacity);
            results.put("samples", samples);
            results.put("trends", trends);
            trends.forEach((name, trend) -> progress.say(name + ": " + trend));
        }
        progress.say("Results: " + results.file());
        return 0;
    }

    /** Documents per second, measured twice; the first time also warms up. */
    private static double capacity(RunningPipeline pipeline, DocumentStream stream) throws Exception {
        double rate = 0;
        for (int trial = 0; trial < 2; trial++) {
            List<Document> documents = stream.draw(Lengths.MIXED, DOCUMENTS_FOR_CAPACITY, SEED + trial);
            long begun = System.nanoTime();
            pipeline.classify(documents);
            rate = documents.size() / ((System.nanoTime() - begun) / 1e9);
        }
        return rate;
    }

    private List<MemorySample> soak(
            RunningPipeline pipeline, DocumentStream stream, double documentsPerSecond, Progress progress)
            throws Exception {
        Random chance = new Random(SEED);
        // A few hundred different documents, sent again and again.
        List<Document> documents = stream.draw(Lengths.MIXED, 256, SEED);
        List<MemorySample> samples = new ArrayList<>();
        long begun = System.nanoTime();
        long end = begun + (long) (minutes * 60e9);
        long nextSample = begun;
        long nextDocument = begun;
        long sent = 0;
        long answered = 0;
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(Math.min(nextDocument, nextSample) - System.nanoTime());
            long now = System.nanoTime();
            if (now >= nextDocument) {
                pipeline.send(documents.get((int) (sent % documents.size())));
                sent++;
                nextDocument += (long) (-Math.log(1 - chance.nextDouble()) / documentsPerSecond * 1e9);
            }
            answered += pipeline.drain();
            if (now >= nextSample) {
                MemorySample sample = MemorySample.now((now - begun) / 1e9, sent - answered);
                samples.add(sample);
                progress.say(sample + String.format(Locale.ROOT, "   %.1f min left", (end - now) / 60e9));
                nextSample += (long) (every * 1e9);
            }
        }
        pipeline.await((int) (sent - answered));
        return samples;
    }

    private static Map<String, Trend> trends(List<MemorySample> samples) {
        Map<String, Trend> trends = new LinkedHashMap<>();
        trends.put("resident MiB", Trend.of(samples, MemorySample::resident));
        trends.put("heap MiB", Trend.of(samples, MemorySample::heap));
        trends.put("direct MiB", Trend.of(samples, MemorySample::direct));
        trends.put("threads", Trend.of(samples, MemorySample::threads));
        return trends;
    }
}
