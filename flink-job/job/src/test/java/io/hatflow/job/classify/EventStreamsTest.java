package io.hatflow.job.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.job.Sent;
import io.hatflow.job.TinyBundle;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.source.SourceRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Metric;
import org.apache.flink.runtime.testutils.InMemoryReporter;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Classification as a whole on a mini cluster with a tiny bundle. */
@Timeout(120)
class EventStreamsTest {

    private static final InMemoryReporter REPORTER = InMemoryReporter.createWithRetainedMetrics();

    /** Lives on while its metrics are read: a cluster that ends empties its reporters. */
    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .setConfiguration(REPORTER.addToConfiguration(new Configuration()))
            .build());

    @Test
    @Timeout(120)
    void aDeviceThatCannotBeUsedEndsTheJobInsteadOfRestartingItForEver() {
        Configuration options = new Configuration();
        options.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
        options.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, Integer.MAX_VALUE);
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(options);
        SourceRecord record = new SourceRecord("t", 0, 0, 0, null, List.of(), Sent.encoded("d", "A text."));
        EventStreams.of(
                        environment.fromData(List.of(record), TypeInformation.of(SourceRecord.class)),
                        DocumentFormat.hatflow(),
                        TinyBundle.settings("--model.device=cuda:0"))
                .labelled()
                .sinkTo(new DiscardingSink<>());

        assertThatThrownBy(environment::execute)
                .hasStackTraceContaining("The model cannot run on cuda:0. This ONNX Runtime was built without CUDA");
    }

    @Test
    void whatWasReceivedIsLabelledOrRejectedOnceTheStreamHasEnded() throws Exception {
        List<SourceRecord> records = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            byte[] document = Sent.encoded("d" + i, i % 10 == 1 ? "" : "A text.");
            byte[] value = i % 5 == 0 ? new byte[] {1} : document;
            records.add(new SourceRecord("t", 0, i, 0, null, List.of(), value));
        }
        Configuration options = new Configuration();
        options.set(PipelineOptions.GENERIC_TYPES, false);
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(options);
        environment.setParallelism(2);
        EventStreams classified = EventStreams.of(
                environment
                        .fromData(records, TypeInformation.of(SourceRecord.class))
                        .rebalance(),
                DocumentFormat.hatflow(),
                TinyBundle.settings());
        classified.labelled().sinkTo(new DiscardingSink<>());
        classified.deadLetters().sinkTo(new DiscardingSink<>());
        environment.execute();

        assertThat(count("received")).isEqualTo(30);
        assertThat(count("labelled")).isEqualTo(21);
        assertThat(count("rejected")).isEqualTo(9);
        assertThat(count("reason.NOT_AVRO.rejectedFor")).isEqualTo(6);
        assertThat(count("reason.EMPTY_TEXT.rejectedFor")).isEqualTo(3);
        assertThat(count("reason.TEXT_TOO_LONG.rejectedFor")).isZero();
        assertThat(count("segments")).isEqualTo(21);
        assertThat(count("windowed")).isZero();
        assertThat(count("inferenceMicros")).isPositive();
        assertThat(gauges("inFlight")).isNotEmpty().allMatch(value -> value.equals(0L));
        // Both tasks share one classifier, so both report all of its batches.
        assertThat(counts("model.tiny-documents.batchedDocuments")).hasSize(2).allSatisfy(value -> assertThat(value)
                .isGreaterThanOrEqualTo(21));
        assertThat(gauges("model.tiny-documents.fillRatio")).hasSize(2).allSatisfy(value -> assertThat((Double) value)
                .isBetween(0.05, 1.0));
        assertThat(gauges("model.tiny-documents.queuedSegments")).hasSize(2).allMatch(value -> value.equals(0L));
    }

    private static List<Metric> metrics(String name) {
        return REPORTER.findGroups(".*").stream()
                .flatMap(group -> REPORTER.getMetricsByGroup(group).entrySet().stream()
                        .filter(metric ->
                                group.getMetricIdentifier(metric.getKey()).endsWith("." + name)))
                .map(Map.Entry::getValue)
                .toList();
    }

    /** The values of all subtasks. */
    private static List<Object> gauges(String name) {
        return metrics(name).stream()
                .map(metric -> (Object) ((Gauge<?>) metric).getValue())
                .toList();
    }

    /** Of all subtasks. */
    private static List<Long> counts(String name) {
        return metrics(name).stream()
                .map(metric -> ((Counter) metric).getCount())
                .toList();
    }

    private static long count(String name) {
        return counts(name).stream().mapToLong(Long::longValue).sum();
    }
}
