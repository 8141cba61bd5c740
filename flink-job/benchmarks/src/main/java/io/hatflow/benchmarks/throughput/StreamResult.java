package io.hatflow.benchmarks.throughput;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What was found on one stream.
 *
 * @param documents measured, of all repetitions
 * @param ceilingChoice how the ceiling was reached
 * @param documentsPerSecond by contender, one figure for each repetition
 * @param ratios by name; what could not be measured is not there
 */
record StreamResult(
        String stream,
        int documents,
        double meanSegments,
        double meanCharacters,
        double windowedShare,
        Fill fill,
        String ceilingChoice,
        Map<String, List<Double>> documentsPerSecond,
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

    static Map<String, Ratio> ratios(Map<String, List<Double>> documentsPerSecond) {
        Map<String, Ratio> ratios = new LinkedHashMap<>();
        for (List<String> ratio : RATIOS) {
            List<Double> one = documentsPerSecond.get(ratio.get(1));
            List<Double> other = documentsPerSecond.get(ratio.get(2));
            if (one != null && other != null) {
                ratios.put(ratio.get(0), Ratio.of(one, other));
            }
        }
        return ratios;
    }
}
