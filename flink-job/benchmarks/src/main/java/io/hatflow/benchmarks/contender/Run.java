package io.hatflow.benchmarks.contender;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a contender did.
 *
 * @param nanos from when it could see the first measured document until it had answered the last
 * @param usage of this JVM meanwhile, if the contender runs in it
 * @param scores its answer for every measured document, by id, [C]
 */
public record Run(long nanos, @Nullable Usage usage, Map<String, float[]> scores) {

    public Run {
        scores = Map.copyOf(scores);
    }

    /** Of a contender whose processor time is not asked for. */
    Run(long nanos, Map<String, float[]> scores) {
        this(nanos, null, scores);
    }

    public double documentsPerSecond() {
        return scores.size() / (nanos / 1e9);
    }
}
