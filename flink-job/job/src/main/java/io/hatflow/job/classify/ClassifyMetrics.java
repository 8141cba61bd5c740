package io.hatflow.job.classify;

import static java.util.Objects.requireNonNull;

import io.hatflow.events.Coverage;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import io.hatflow.events.Timings;
import io.hatflow.inference.batch.BatchStatistics;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.types.Either;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of a task, listed in {@code docs/metrics.md}. At any moment received = labelled + rejected + inFlight, but for a document
 * that is being counted just then. Thread-safe.
 *
 * <p>Those of the group {@code model} belong to the classifier that all tasks of the TaskManager share: each reports the same.
 */
final class ClassifyMetrics {

    private final Counter received;
    private final Counter labelled;
    private final Counter rejected;
    private final Counter inFlight = new SharedCounter();
    private final Counter segments;
    private final Counter windowed;
    private final Counter truncated;
    private final Counter tokenizeMicros;
    private final Counter queueMicros;
    private final Counter inferenceMicros;
    private final Map<Reason, Counter> rejectedFor = new EnumMap<>(Reason.class);

    ClassifyMetrics(MetricGroup group, LeasedClassifier leased, @Nullable InFlightMemory memory) {
        received = counter(group, "received");
        labelled = counter(group, "labelled");
        rejected = counter(group, "rejected");
        segments = counter(group, "segments");
        windowed = counter(group, "windowed");
        truncated = counter(group, "truncated");
        tokenizeMicros = counter(group, "tokenizeMicros");
        queueMicros = counter(group, "queueMicros");
        inferenceMicros = counter(group, "inferenceMicros");
        group.gauge("inFlight", (Gauge<Long>) inFlight::getCount);
        if (memory != null) {
            group.gauge("inFlightBytes", (Gauge<Long>) memory::bytes);
        }
        for (Reason reason : Reason.values()) {
            rejectedFor.put(reason, counter(group.addGroup("reason", reason.name()), "rejectedFor"));
        }
        addModel(group.addGroup("model"), leased);
    }

    private static Counter counter(MetricGroup group, String name) {
        return group.counter(name, new SharedCounter());
    }

    private static void addModel(MetricGroup model, LeasedClassifier leased) {
        String version = leased.bundle().name() + " " + leased.bundle().version();
        model.gauge("version", (Gauge<String>) () -> version);
        model.gauge("loadMillis", (Gauge<Long>) () -> leased.loadTime().toMillis());
        amount(model, leased, "batches", BatchStatistics::batches);
        amount(model, leased, "batchedDocuments", BatchStatistics::windows);
        amount(model, leased, "batchedSegments", BatchStatistics::rows);
        amount(model, leased, "busyMicros", statistics -> statistics.runNanos() / 1000);
        amount(model, leased, "waitMicros", statistics -> statistics.queueNanos() / 1000);
        amount(model, leased, "outOfMemory", BatchStatistics::outOfMemory);
        amount(model, leased, "queuedDocuments", BatchStatistics::queuedWindows);
        amount(model, leased, "queuedSegments", BatchStatistics::queuedRows);
        amount(model, leased, "queueAgeMillis", statistics -> statistics.oldestNanos() / 1_000_000);
        amount(model, leased, "budgetSegments", BatchStatistics::budgetRows);
        share(
                model,
                leased,
                "fillRatio",
                statistics -> (double) statistics.tokens() / Math.max(1, statistics.tokenSlots()));
        share(model, leased, "fixedMicros", statistics -> statistics.fixedNanos() / 1000);
        share(model, leased, "microsPerSegment", statistics -> statistics.nanosPerRow() / 1000);
    }

    private static void amount(
            MetricGroup group, LeasedClassifier leased, String name, ToLongFunction<BatchStatistics> of) {
        group.gauge(name, (Gauge<Long>) () -> of.applyAsLong(leased.statistics().get()));
    }

    private static void share(
            MetricGroup group, LeasedClassifier leased, String name, ToDoubleFunction<BatchStatistics> of) {
        group.gauge(
                name, (Gauge<Double>) () -> of.applyAsDouble(leased.statistics().get()));
    }

    void received() {
        received.inc();
        inFlight.inc();
    }

    void answered(Either<LabelledDocument, DeadLetter> event) {
        inFlight.dec();
        if (event.isLeft()) {
            LabelledDocument document = event.left();
            labelled.inc();
            segments.inc(document.getSegments());
            windowed.inc(document.getCoverage() == Coverage.WINDOWED ? 1 : 0);
            truncated.inc(document.getCoverage() == Coverage.TRUNCATED ? 1 : 0);
            Timings timings = document.getTimings();
            tokenizeMicros.inc(timings.getTokenizeMicros());
            queueMicros.inc(timings.getQueueMicros());
            inferenceMicros.inc(timings.getInferenceMicros());
        } else {
            rejected.inc();
            requireNonNull(rejectedFor.get(event.right().getReason())).inc();
        }
    }
}
