package io.hatflow.benchmarks.latency;

/**
 * What was found at one load.
 *
 * @param percentOfCapacity offered
 * @param latencyMillis from the scheduled send to the event
 * @param slowdown the 50th, 90th, … percentile of latency ÷ what the same document takes alone, by the fitted time of a run
 * @param segmentsPerBatch mean, pad segments included
 */
record LoadResult(
        int percentOfCapacity,
        double documentsPerSecond,
        int documents,
        Percentiles latencyMillis,
        Percentiles slowdown,
        double documentsPerBatch,
        double segmentsPerBatch) {}
