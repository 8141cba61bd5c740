package io.hatflow.benchmarks.latency;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Latencies of a pipeline.
 *
 * @param capacity documents per second that were taken for 100 %
 * @param loneMedianMillis what a document of median length takes from Kafka to Kafka while nothing else is there, median of several
 * @param p99At70OverLone 99th percentile at 70 % of the capacity ÷ that; null if 70 % was not measured
 */
public record LatencyResult(
        double capacity,
        int medianSegments,
        double loneMedianMillis,
        @Nullable Double p99At70OverLone,
        List<LoadResult> loads) {}
