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
import io.hatflow.inference.batch.Distribution;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.jspecify.annotations.Nullable;

/**
 * Counts what becomes of a task's texts, in the metrics that {@link OperatorMetric} lists. At any moment received = labelled + rejected +
 * inFlight, but for a document that is being counted just then. Thread-safe, without locks.
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
    private final Distribution latencyMillis;
    private final Distribution queueMillis;
    private final Distribution runMillis;
    private final Distribution documentSegments;
    private final Distribution documentCharacters;
    private final AnswerMetrics answers;
    /** Only of the operator: others do not know when a text came to be. */
    private final @Nullable Distribution ageMillis;

    /** Of a task whose texts are rejected for the model's reasons alone, and which does not count the bytes that it holds. */
    public ClassificationMetrics(MetricGroup group, PooledClassifier classifier) {
        this(group, classifier, null, Set.of());
    }

    ClassificationMetrics(
            MetricGroup group, PooledClassifier classifier, @Nullable InFlightMemory memory, Set<String> reasons) {
        received = OperatorMetric.RECEIVED.counter(group);
        labelled = OperatorMetric.LABELLED.counter(group);
        rejected = OperatorMetric.REJECTED.counter(group);
        segments = OperatorMetric.SEGMENTS.counter(group);
        windowed = OperatorMetric.WINDOWED.counter(group);
        truncated = OperatorMetric.TRUNCATED.counter(group);
        sampled = OperatorMetric.SAMPLED.counter(group);
        cached = OperatorMetric.CACHED.counter(group);
        tokenizeMicros = OperatorMetric.TOKENIZE_MICROS.counter(group);
        queueMicros = OperatorMetric.QUEUE_MICROS.counter(group);
        inferenceMicros = OperatorMetric.INFERENCE_MICROS.counter(group);
        OperatorMetric.IN_FLIGHT.gauge(group, inFlight::getCount);
        for (Rejection.Reason reason : Rejection.Reason.values()) {
            addReason(group, reason.name());
        }
        reasons.forEach(reason -> addReason(group, reason));
        String model = classifier.bundle().name();
        latencyMillis = OperatorMetric.LATENCY_MILLIS.distribution(group, model);
        queueMillis = OperatorMetric.QUEUE_MILLIS.distribution(group, model);
        runMillis = OperatorMetric.RUN_MILLIS.distribution(group, model);
        documentSegments = OperatorMetric.DOCUMENT_SEGMENTS.distribution(group, model);
        documentCharacters = OperatorMetric.DOCUMENT_CHARACTERS.distribution(group, model);
        answers = new AnswerMetrics(group, classifier.bundle());
        ModelMetrics.register(group, classifier);
        if (memory == null) {
            ageMillis = null;
        } else {
            OperatorMetric.IN_FLIGHT_BYTES.gauge(group, memory::bytes);
            ageMillis = OperatorMetric.AGE_MILLIS.distribution(group, model);
        }
    }

    private void addReason(MetricGroup group, String reason) {
        rejectedFor.computeIfAbsent(reason, each -> OperatorMetric.REJECTED_FOR.counter(group, each));
    }

    /**
     * A text has come.
     *
     * @return when, for {@link #answered}
     */
    public long received() {
        received.inc();
        inFlight.inc();
        return System.nanoTime();
    }

    /** A text has come again, and the model was not asked. */
    void cached() {
        cached.inc();
    }

    /**
     * The model was asked.
     *
     * @param receivedNanos what {@link #received} has returned
     * @param characters of the text, in UTF-16 code units
     */
    public void answered(Outcome outcome, long receivedNanos, long characters) {
        if (outcome instanceof Classification labels) {
            labelled(labels.segments(), labels.coverage(), labels.timings());
        } else if (outcome instanceof Embedding vector) {
            labelled(vector.segments(), vector.coverage(), vector.timings());
        } else if (outcome instanceof Likelihood likelihood) {
            labelled(likelihood.windows(), likelihood.coverage(), likelihood.timings());
        } else {
            rejected(((Rejection) outcome).reason().name());
            return;
        }
        latencyMillis.observe(Math.round((System.nanoTime() - receivedNanos) / 1e6));
        documentCharacters.observe(characters);
        answers.count(outcome);
    }

    private void labelled(int seen, Coverage coverage, Timings timings) {
        inFlight.dec();
        labelled.inc();
        segments.inc(seen);
        documentSegments.observe(seen);
        windowed.inc(coverage == Coverage.WINDOWED ? 1 : 0);
        truncated.inc(coverage == Coverage.TRUNCATED ? 1 : 0);
        sampled.inc(coverage == Coverage.SAMPLED ? 1 : 0);
        tokenizeMicros.inc(timings.tokenizeMicros());
        queueMicros.inc(timings.queueMicros());
        inferenceMicros.inc(timings.inferenceMicros());
        if (!timings.equals(Timings.NONE)) {
            queueMillis.observe(Math.round(timings.queueMicros() / 1e3));
            runMillis.observe(Math.round(timings.inferenceMicros() / 1e3));
        }
    }

    /**
     * As {@link #answered(Outcome, long, long)}.
     *
     * @param timestamp when the text came to be, in milliseconds since 1970; clocks may differ
     */
    void answered(Outcome outcome, long receivedNanos, long characters, OptionalLong timestamp) {
        answered(outcome, receivedNanos, characters);
        if (ageMillis != null && timestamp.isPresent() && !(outcome instanceof Rejection)) {
            ageMillis.observe(Math.max(0, System.currentTimeMillis() - timestamp.getAsLong()));
        }
    }

    /** The model was not asked, or it could not say. */
    void rejected(String reason) {
        inFlight.dec();
        rejected.inc();
        requireNonNull(rejectedFor.get(reason)).inc();
    }
}
