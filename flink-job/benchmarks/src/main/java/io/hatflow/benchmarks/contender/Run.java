package io.hatflow.benchmarks.contender;

import java.util.Map;

/**
 * How a contender did.
 *
 * @param nanos from when it could see the first measured document until it had answered the last
 * @param scores its answer for every measured document, by id, [C]
 */
public record Run(long nanos, Map<String, float[]> scores) {

    public Run {
        scores = Map.copyOf(scores);
    }

    public double documentsPerSecond() {
        return scores.size() / (nanos / 1e9);
    }
}
