package io.hatflow.flink.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.flink.operator.OperatorMetric.Kind;
import io.hatflow.flink.operator.OperatorMetric.Of;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MetricsDocumentTest {

    /** When this fails, put the tables that it shows into the document. */
    @Test
    void theDocumentHoldsEveryMetricAsTheCodeHasIt() throws IOException {
        assertThat(Files.readString(Path.of("../../docs/metrics.md")))
                .contains(
                        numbers(EnumSet.of(Of.TASK, Of.REASON)),
                        distributions(),
                        numbers(EnumSet.of(Of.LABEL)),
                        numbers(EnumSet.of(Of.VERSION, Of.SHARED_MODEL)));
    }

    private static String numbers(Set<Of> of) {
        return Arrays.stream(OperatorMetric.values())
                .filter(metric -> metric.kind() != Kind.DISTRIBUTION && of.contains(metric.of()))
                .map(metric -> row(
                        code(metric.prometheusNames()),
                        metric.kind().name().toLowerCase(Locale.ROOT),
                        code(metric.of().keys()),
                        metric.meaning()))
                .collect(Collectors.joining(
                        "", row("metric", "type", "labels", "meaning") + "| --- | --- | --- | --- |\n", ""));
    }

    private static String distributions() {
        return Arrays.stream(OperatorMetric.values())
                .filter(metric -> metric.kind() == Kind.DISTRIBUTION)
                .map(metric ->
                        row(code(metric.prometheusNames()), code(metric.of().keys()), bounds(metric), metric.meaning()))
                .collect(Collectors.joining(
                        "",
                        row("buckets, count, sum", "labels", "bounds `le`", "of") + "| --- | --- | --- | --- |\n",
                        ""));
    }

    private static String bounds(OperatorMetric metric) {
        return metric.bounds().stream().map(String::valueOf).collect(Collectors.joining(" ", "", " Inf"));
    }

    private static String code(List<String> words) {
        return words.stream().map(word -> "`" + word + "`").collect(Collectors.joining(", "));
    }

    private static String row(String... cells) {
        return "| " + String.join(" | ", cells) + " |\n";
    }
}
