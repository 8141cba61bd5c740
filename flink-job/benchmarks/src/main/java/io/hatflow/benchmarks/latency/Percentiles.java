package io.hatflow.benchmarks.latency;

import java.util.List;

/** Of latencies, in milliseconds: the smallest that so many per cent of the samples do not exceed. */
record Percentiles(double p50, double p90, double p99, double p999, double largest) {

    static Percentiles of(List<Long> nanos) {
        List<Long> sorted = nanos.stream().sorted().toList();
        return new Percentiles(at(sorted, 0.5), at(sorted, 0.9), at(sorted, 0.99), at(sorted, 0.999), at(sorted, 1));
    }

    private static double at(List<Long> sorted, double share) {
        int rank = (int) Math.ceil(share * sorted.size());
        return sorted.get(Math.max(rank, 1) - 1) / 1e6;
    }
}
