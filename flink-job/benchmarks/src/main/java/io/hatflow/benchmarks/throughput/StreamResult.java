package io.hatflow.benchmarks.throughput;

import io.hatflow.inference.batch.BatchStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was found on one stream.
 *
 * @param documents measured, of all repetitions
 * @param ceilingChoice how the ceiling was reached
 * @param operatorBatches what the operator's micro-batches did in all its runs, and the budget that it learned; null if it took no part
 * @param documentsPerSecond by contender, one figure for each repetition in which all took part
 * @param closeDocumentsPerSecond the same of the close repetitions, by those few that took part
 * @param ratios by name, of the close repetitions if both took part there; what could not be measured is not there
 */
record StreamResult(
        String stream,
        int documents,
        double meanSegments,
        double meanCharacters,
        double windowedShare,
        Fill fill,
        String ceilingChoice,
        @Nullable BatchStatistics operatorBatches,
        Map<String, List<Double>> documentsPerSecond,
        Map<String, List<Double>> closeDocumentsPerSecond,
        Map<String, Ratio> ratios) {

    /** Ratio, whose figure, over whose. */
    private static final List<List<String>> RATIOS = List.of(
            List.of("pipeline_vs_ceiling", "pipeline", "ceiling"),
            List.of("operator_vs_ceiling", "operator", "ceiling"),
            List.of("pipeline_vs_naive", "pipeline", "naive"),
            List.of("pipeline_vs_padded", "pipeline", "padded8"),
            List.of("int8_vs_fp32", Field.INT8_PIPELINE, "pipeline"),
            List.of("int8_pipeline_vs_naive", Field.INT8_PIPELINE, "naive"),
            List.of("int8_pipeline_vs_padded", Field.INT8_PIPELINE, "padded8"),
            List.of("pipeline_vs_naive32", "pipeline", "naive32"),
            List.of("pipeline_vs_padded_sorted", "pipeline", "padded8-sorted"),
            List.of("pipeline_vs_async_per_record", "pipeline", "async-per-record"),
            List.of("pipeline_vs_python_padded", "pipeline", "python-padded8"),
            List.of("pipeline_vs_padded32", "pipeline", "padded32"),
            List.of("pipeline_vs_python_padded32", "pipeline", "python-padded32"),
            List.of("pipeline_vs_torch_padded", "pipeline", "torch-padded8"),
            List.of("pipeline_vs_torch_padded32", "pipeline", "torch-padded32"),
            List.of("pipeline_vs_beam_padded", "pipeline", "beam-padded8"),
            List.of("pipeline_vs_beam_stock", "pipeline", "beam-stock"));

    /** What the last lines of a run say, besides the fill. */
    static final List<String> HEADLINES = List.of(
            "pipeline_vs_ceiling",
            "operator_vs_ceiling",
            "pipeline_vs_naive",
            "pipeline_vs_naive32",
            "pipeline_vs_padded",
            "int8_vs_fp32",
            "int8_pipeline_vs_naive",
            "int8_pipeline_vs_padded");

    static Map<String, Ratio> ratios(Map<String, List<Double>> all, Map<String, List<Double>> close) {
        Map<String, Ratio> ratios = new LinkedHashMap<>();
        for (List<String> ratio : RATIOS) {
            List<String> both = ratio.subList(1, 3);
            Map<String, List<Double>> rates = close.keySet().containsAll(both) ? close : all;
            List<Double> one = rates.get(ratio.get(1));
            List<Double> other = rates.get(ratio.get(2));
            if (one != null && other != null) {
                ratios.put(ratio.get(0), Ratio.of(one, other));
            }
        }
        return ratios;
    }

    /** Documents per second of the pipeline in the longest repetitions it had; null if it took no part. */
    @Nullable
    Double capacity() {
        List<Double> rates = closeDocumentsPerSecond.getOrDefault("pipeline", documentsPerSecond.get("pipeline"));
        return rates == null ? null : Ratio.median(rates);
    }
}
