package io.hatflow.flink.operator;

import static java.util.Objects.requireNonNull;

import io.hatflow.flink.pool.PooledClassifier;
import io.hatflow.inference.Classification;
import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Embedding;
import io.hatflow.inference.Likelihood;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.Rejection;
import io.hatflow.inference.batch.BatchStatistics;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of a task, listed in {@code docs/metrics.md}. At any moment received = labelled + rejected + inFlight, but for a document
 * that is being counted just then. Thread-safe.
 *
 * <p>Those of the group {@code model} belong to the classifier that all tasks of the TaskManager share: each reports the same.
 */
public final class ClassificationMetrics {

    private final Counter received;
    private final Counter labelled;
    private final Counter rejected;
    private final Counter inFlight = new SharedCounter();
    private final Counter segments;
    private final Counter windowed;
    private final Counter truncated;
    private final Counter sampled;
    private final Counter cached;
    private final Counter tokenizeMicros;
    private final Counter queueMicros;
    private final Counter inferenceMicros;
    private final Map<String, Counter> rejectedFor = new HashMap<>();

    /** Of a task whose texts are rejected for the model's reasons alone, and which does not count the bytes that it holds. */
    public ClassificationMetrics(MetricGroup group, PooledClassifier classifier) {
        this(group, classifier, null, Set.of());
    }

    ClassificationMetrics(
            MetricGroup group, PooledClassifier classifier, @Nullable InFlightMemory memory, Set<String> reasons) {
        received = counter(group, "received");
        labelled = counter(group, "labelled");
        rejected = counter(group, "rejected");
        segments = counter(group, "segments");
        windowed = counter(group, "windowed");
        truncated = counter(group, "truncated");
        sampled = counter(group, "sampled");
        cached = counter(group, "cached");
        tokenizeMicros = counter(group, "tokenizeMicros");
        queueMicros = counter(group, "queueMicros");
        inferenceMicros = counter(group, "inferenceMicros");
        group.gauge("inFlight", (Gauge<Long>) inFlight::getCount);
        if (memory != null) {
            group.gauge("inFlightBytes", (Gauge<Long>) memory::bytes);
        }
        for (Rejection.Reason reason : Rejection.Reason.values()) {
            addReason(group, reason.name());
        }
        reasons.forEach(reason -> addReason(group, reason));
        addModel(group.addGroup("model"), classifier);
    }

    private void addReason(MetricGroup group, String reason) {
        rejectedFor.computeIfAbsent(reason, each -> counter(group.addGroup("reason", each), "rejectedFor"));
    }

    private static Counter counter(MetricGroup group, String name) {
        return group.counter(name, new SharedCounter());
    }

    private static void addModel(MetricGroup model, PooledClassifier classifier) {
        String version = classifier.bundle().name() + " " + classifier.bundle().version();
        model.gauge("version", (Gauge<String>) () -> version);
        model.gauge("loadMillis", (Gauge<Long>) () -> classifier.loadTime().toMillis());
        amount(model, classifier, "batches", BatchStatistics::batches);
        amount(model, classifier, "batchedDocuments", BatchStatistics::windows);
        amount(model, classifier, "batchedSegments", BatchStatistics::rows);
        amount(model, classifier, "busyMicros", statistics -> statistics.runNanos() / 1000);
        amount(model, classifier, "waitMicros", statistics -> statistics.queueNanos() / 1000);
        amount(model, classifier, "outOfMemory", BatchStatistics::outOfMemory);
        amount(model, classifier, "queuedDocuments", BatchStatistics::queuedWindows);
        amount(model, classifier, "queuedSegments", BatchStatistics::queuedRows);
        amount(model, classifier, "queueAgeMillis", statistics -> statistics.oldestNanos() / 1_000_000);
        amount(model, classifier, "budgetSegments", BatchStatistics::budgetRows);
        share(
                model,
                classifier,
                "fillRatio",
                statistics -> (double) statistics.tokens() / Math.max(1, statistics.tokenSlots()));
        share(model, classifier, "fixedMicros", statistics -> statistics.fixedNanos() / 1000);
        share(model, classifier, "microsPerSegment", statistics -> statistics.nanosPerRow() / 1000);
    }

    private static void amount(
            MetricGroup group, PooledClassifier classifier, String name, ToLongFunction<BatchStatistics> of) {
        group.gauge(
                name, (Gauge<Long>) () -> of.applyAsLong(classifier.statistics().get()));
    }

    private static void share(
            MetricGroup group, PooledClassifier classifier, String name, ToDoubleFunction<BatchStatistics> of) {
        group.gauge(name, (Gauge<Double>)
                () -> of.applyAsDouble(classifier.statistics().get()));
    }

    /** A text has come. */
    public void received() {
        received.inc();
        inFlight.inc();
    }

    /** A text has come again, and the model was not asked. */
    void cached() {
        cached.inc();
    }

    /** The model was asked. */
    public void answered(Outcome outcome) {
        if (outcome instanceof Classification labels) {
            labelled(labels.segments(), labels.coverage(), labels.timings());
        } else if (outcome instanceof Embedding vector) {
            labelled(vector.segments(), vector.coverage(), vector.timings());
        } else if (outcome instanceof Likelihood likelihood) {
            labelled(likelihood.windows(), likelihood.coverage(), likelihood.timings());
        } else {
            rejected(((Rejection) outcome).reason().name());
        }
    }

    private void labelled(int seen, Coverage coverage, Timings timings) {
        inFlight.dec();
        labelled.inc();
        segments.inc(seen);
        windowed.inc(coverage == Coverage.WINDOWED ? 1 : 0);
        truncated.inc(coverage == Coverage.TRUNCATED ? 1 : 0);
        sampled.inc(coverage == Coverage.SAMPLED ? 1 : 0);
        tokenizeMicros.inc(timings.tokenizeMicros());
        queueMicros.inc(timings.queueMicros());
        inferenceMicros.inc(timings.inferenceMicros());
    }

    /** It was not, or it could not say. */
    void rejected(String reason) {
        inFlight.dec();
        rejected.inc();
        requireNonNull(rejectedFor.get(reason)).inc();
    }
}
