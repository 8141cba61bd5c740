package io.hatflow.benchmarks.growth;

import static java.util.Objects.requireNonNull;

import io.hatflow.benchmarks.contender.MemoryFedJob;
import io.hatflow.benchmarks.contender.OperatorContender;
import io.hatflow.benchmarks.contender.Run;
import io.hatflow.benchmarks.contender.Usage;
import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.DocumentStream;
import io.hatflow.benchmarks.document.Slice;
import io.hatflow.benchmarks.kafka.DefaultSettings;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.flink.pool.PooledClassifier;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.task.ProblemType;
import io.hatflow.job.classify.ClassifySettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What coordination costs for each document when 1 to 64 tasks of one TaskManager share a device: our operator as the job wires it, over
 * a stand-in for the device.
 */
final class Parallelism {

    /**
     * One job.
     *
     * @param deviceShare of the documents per second that the device alone could answer
     * @param cpuMicros processor time of this whole JVM for each document, tokenizing and Flink included
     * @param blockedMicros time for each document that threads waited for a lock that another held, summed over the threads that live
     *     until the last document is answered
     */
    record Point(int tasks, double documentsPerSecond, double deviceShare, double cpuMicros, double blockedMicros) {}

    private static final int[] TASKS = {1, 2, 4, 8, 16, 32, 64};
    /** Five thousand documents a second: more than a card answers, so that waiting for each other would show. */
    private static final long NANOS_PER_SEGMENT = 200_000;

    private static final int BATCH_SEGMENTS = 32;
    private static final int WARM_UP = 500;

    /** The job's tasks find it here; functions travel to them by serialization. */
    private static final AtomicReference<@Nullable StandInClassifier> SHARED = new AtomicReference<>();

    private Parallelism() {}

    static List<Point> measure(Path bundle, TextReader reader, int documents, Progress progress) throws Exception {
        List<Document> stream = documents(reader, WARM_UP + documents);
        Slice slice = new Slice(stream.subList(0, WARM_UP), stream.subList(WARM_UP, stream.size()));
        ClassifySettings settings = DefaultSettings.of("parallelism", "none:9092", bundle, Resources.ofCpu(1))
                .classify();
        Usage.watchLocks();
        List<Point> points = new ArrayList<>();
        for (int tasks : TASKS) {
            progress.plan(tasks + " tasks", 1);
        }
        for (int tasks : TASKS) {
            long begun = System.nanoTime();
            Point point = measure(slice, tasks, settings, reader);
            points.add(point);
            progress.done(
                    tasks + " tasks",
                    Duration.ofNanos(System.nanoTime() - begun),
                    String.format(
                            Locale.ROOT,
                            "%.0f documents/s, %.0f µs of processors",
                            point.documentsPerSecond(),
                            point.cpuMicros()));
        }
        return points;
    }

    /** Of one segment each, so that as many as possible have to be coordinated. */
    private static List<Document> documents(TextReader reader, int count) {
        DocumentStream stream = new DocumentStream(reader);
        Random chance = new Random(1);
        return IntStream.range(0, count)
                .mapToObj(i -> new Document("parallel-" + i, stream.text(1, chance), false))
                .toList();
    }

    private static Point measure(Slice slice, int tasks, ClassifySettings settings, TextReader reader)
            throws Exception {
        StandInDevice device =
                new StandInDevice(NANOS_PER_SEGMENT, reader.manifest().labels().size());
        try (StandInClassifier classifier = new StandInClassifier(reader, device, BATCH_SEGMENTS)) {
            SHARED.set(classifier);
            Run run = MemoryFedJob.run(
                    slice, tasks, documents -> OperatorContender.scored(documents, settings, task -> lease()));
            Usage usage = requireNonNull(run.usage());
            int count = slice.measured().size();
            return new Point(
                    tasks,
                    run.documentsPerSecond(),
                    run.documentsPerSecond() * NANOS_PER_SEGMENT / 1e9,
                    usage.cpuNanos() / 1e3 / count,
                    usage.blockedMillis() * 1e3 / count);
        } finally {
            SHARED.set(null);
        }
    }

    private static PooledClassifier lease() {
        StandInClassifier classifier = requireNonNull(SHARED.get());
        return new PooledClassifier(
                (text, urgent) -> classifier.classify(text.whole(), urgent),
                new BundleInfo(
                        "stand-in", "0", "", Task.DOCUMENT_CLASSIFICATION, ProblemType.MULTI_LABEL, "fp32", List.of()),
                Device.CPU,
                Duration.ZERO,
                classifier::statistics,
                () -> {});
    }
}
