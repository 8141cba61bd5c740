package io.hatflow.flink.operator;

import io.hatflow.flink.pool.PooledClassifier;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleInfo;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

/** What the classifier that all tasks of the TaskManager share says of itself: each task reports the same. */
final class ModelMetrics {

    private final MetricGroup group;
    private final PooledClassifier classifier;
    private final String model;

    private ModelMetrics(MetricGroup group, PooledClassifier classifier) {
        this.group = group;
        this.classifier = classifier;
        this.model = classifier.bundle().name();
    }

    static void register(MetricGroup group, PooledClassifier classifier) {
        new ModelMetrics(group, classifier).register();
    }

    private void register() {
        BundleInfo bundle = classifier.bundle();
        OperatorMetric.INFO.gauge(
                group,
                new One(),
                model,
                bundle.version(),
                bundle.precision(),
                classifier.device().toString());
        OperatorMetric.LOAD_MILLIS.gauge(group, classifier.loadTime()::toMillis, model);
        counter(OperatorMetric.BATCHES, BatchStatistics::batches);
        counter(OperatorMetric.BATCHED_DOCUMENTS, BatchStatistics::windows);
        counter(OperatorMetric.BATCHED_SEGMENTS, BatchStatistics::rows);
        OperatorMetric.BATCH_SEGMENTS.distribution(
                group,
                number -> classifier.statistics().get().rowsOfBatches().get(number),
                () -> classifier.statistics().get().rows(),
                model);
        counter(OperatorMetric.BUSY_MICROS, statistics -> statistics.runNanos() / 1000);
        counter(OperatorMetric.WAIT_MICROS, statistics -> statistics.queueNanos() / 1000);
        counter(OperatorMetric.OUT_OF_MEMORY, BatchStatistics::outOfMemory);
        gauge(OperatorMetric.QUEUED_DOCUMENTS, BatchStatistics::queuedWindows);
        gauge(OperatorMetric.QUEUED_SEGMENTS, BatchStatistics::queuedRows);
        gauge(OperatorMetric.QUEUE_AGE_MILLIS, statistics -> statistics.oldestNanos() / 1_000_000);
        gauge(OperatorMetric.BUDGET_SEGMENTS, BatchStatistics::budgetRows);
        share(
                OperatorMetric.FILL_RATIO,
                statistics -> (double) statistics.tokens() / Math.max(1, statistics.tokenSlots()));
        share(OperatorMetric.FIXED_MICROS, statistics -> statistics.fixedNanos() / 1000);
        share(OperatorMetric.MICROS_PER_SEGMENT, statistics -> statistics.nanosPerRow() / 1000);
    }

    /** Not a lambda, which all tasks would share: reporters tell metrics apart by their identity. */
    private static final class One implements Gauge<Integer> {

        @Override
        public Integer getValue() {
            return 1;
        }
    }

    private void counter(OperatorMetric metric, ToLongFunction<BatchStatistics> of) {
        metric.counter(group, () -> of.applyAsLong(classifier.statistics().get()), model);
    }

    private void gauge(OperatorMetric metric, ToLongFunction<BatchStatistics> of) {
        metric.gauge(group, () -> of.applyAsLong(classifier.statistics().get()), model);
    }

    private void share(OperatorMetric metric, ToDoubleFunction<BatchStatistics> of) {
        metric.gauge(group, () -> of.applyAsDouble(classifier.statistics().get()), model);
    }
}
