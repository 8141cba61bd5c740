package io.hatflow.flink.operator;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.inference.Classification;
import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Embedding;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.task.ProblemType;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.clusterframework.types.ResourceID;
import org.apache.flink.runtime.metrics.groups.TaskManagerMetricGroup;
import org.apache.flink.runtime.metrics.scope.ScopeFormats;
import org.apache.flink.runtime.metrics.util.TestingMetricRegistry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is counted of the answers of each kind of model. */
class AnswerMetricsTest {

    /** By its name, and the label or the bound that it is of. */
    private final Map<String, Metric> metrics = new TreeMap<>();

    private final MetricGroup group = TaskManagerMetricGroup.createTaskManagerMetricGroup(
            TestingMetricRegistry.builder()
                    .setScopeFormats(ScopeFormats.fromConfig(new Configuration()))
                    .setRegisterConsumer((metric, name, of) -> metrics.put(named(name, of), metric))
                    .build(),
            "host",
            ResourceID.generate());

    private static String named(String name, MetricGroup of) {
        return Stream.of(
                        name,
                        of.getAllVariables().get("<label>"),
                        of.getAllVariables().get("<le>"))
                .filter(Objects::nonNull)
                .collect(Collectors.joining(" "));
    }

    private AnswerMetrics of(Task task, ProblemType problem, String... labels) {
        return new AnswerMetrics(
                group, new BundleInfo("tiny", "1", "ab".repeat(32), task, problem, "fp32", List.of(labels)));
    }

    private static LabelScore score(String label, double score, boolean present) {
        return new LabelScore(label, (float) score, present, List.of());
    }

    private static Classification answer(@Nullable Double bitsPerByte, LabelScore... labels) {
        return new Classification(List.of(labels), bitsPerByte, Coverage.COMPLETE, 1, 1, 1, 1, new Timings(1, 1, 1));
    }

    private long count(String name) {
        return ((Counter) requireNonNull(metrics.get(name))).getCount();
    }

    @Test
    void labelsThatAreGivenAndTheirScores() {
        AnswerMetrics counted = of(Task.DOCUMENT_CLASSIFICATION, ProblemType.MULTI_LABEL, "a", "b");

        counted.count(answer(null, score("a", 0.91, true), score("b", 0.5, true)));
        counted.count(answer(null, score("a", 0.25, false), score("b", 0.3, false)));

        assertThat(count("assigned a")).isEqualTo(1);
        assertThat(count("assigned b")).isEqualTo(1);
        assertThat(count("scorePermille a")).isEqualTo(1_160);
        assertThat(count("scorePermille b")).isEqualTo(800);
        assertThat(count("topScorePercent_bucket 20")).isZero();
        assertThat(count("topScorePercent_bucket 30")).isEqualTo(1);
        assertThat(count("topScorePercent_bucket 90")).isEqualTo(1);
        assertThat(count("topScorePercent_bucket Inf")).isEqualTo(2);
        assertThat(count("topScorePercent_sum")).isEqualTo(121);
        assertThat(metrics.keySet()).noneMatch(name -> name.startsWith("bitsPerByteHundredths"));
    }

    /** Every label is there, and values are no shares of 1. */
    @Test
    void predictedValuesOfARegression() {
        AnswerMetrics counted = of(Task.DOCUMENT_CLASSIFICATION, ProblemType.REGRESSION, "price");

        counted.count(answer(null, score("price", -2.5, true)));
        counted.count(answer(null, score("price", 1, true)));

        assertThat(metrics).containsOnlyKeys("scorePermille price");
        assertThat(((Gauge<?>) requireNonNull(metrics.get("scorePermille price"))).getValue())
                .isEqualTo(-1_500L);
    }

    @Test
    void surprisesAndBitsOfALanguageModel() {
        AnswerMetrics counted = of(Task.LANGUAGE_MODEL, ProblemType.REGRESSION, "garbled", "garbled-passage");

        counted.count(answer(2.126, score("garbled", 0.2, false), score("garbled-passage", 3, true)));

        assertThat(count("assigned garbled")).isZero();
        assertThat(count("assigned garbled-passage")).isEqualTo(1);
        assertThat(count("scorePermille garbled-passage")).isEqualTo(3_000);
        assertThat(count("bitsPerByteHundredths_bucket 200")).isZero();
        assertThat(count("bitsPerByteHundredths_bucket 250")).isEqualTo(1);
        assertThat(count("bitsPerByteHundredths_sum")).isEqualTo(213);
        assertThat(metrics.keySet()).noneMatch(name -> name.startsWith("topScorePercent"));
    }

    @Test
    void vectorsHaveNothingToCount() {
        of(Task.EMBEDDING, ProblemType.REGRESSION).count(new Embedding(new float[] {1}, 1, 1, new Timings(1, 1, 1)));

        assertThat(metrics).isEmpty();
    }

    @Test
    void ofVeryManyLabelsTheFirstAreCounted() {
        String[] names = IntStream.range(0, 201).mapToObj(i -> "l" + i).toArray(String[]::new);
        AnswerMetrics counted = of(Task.DOCUMENT_CLASSIFICATION, ProblemType.SINGLE_LABEL, names);

        counted.count(answer(
                null,
                IntStream.range(0, 201)
                        .mapToObj(i -> score(names[i], i == 200 ? 0.8 : 0.001, i == 200))
                        .toArray(LabelScore[]::new)));

        assertThat(count("scorePermille l199")).isEqualTo(1);
        assertThat(metrics).doesNotContainKeys("scorePermille l200", "assigned l200");
        assertThat(count("topScorePercent_sum")).isEqualTo(80);
    }
}
