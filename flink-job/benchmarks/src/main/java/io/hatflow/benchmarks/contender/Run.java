package io.hatflow.benchmarks.contender;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a contender did.
 *
 * @param begunNanos {@link System#nanoTime} when it could see the first measured document
 * @param nanos from then until it had answered the last
 * @param usage of this JVM meanwhile, if the contender runs in it
 * @param scores its answer for every measured document, by id, [C]
 */
public record Run(long begunNanos, long nanos, @Nullable Usage usage, Map<String, float[]> scores) {

    public Run {
        scores = Map.copyOf(scores);
    }

    /** Of a contender whose processor time is not asked for. */
    Run(long begunNanos, long nanos, Map<String, float[]> scores) {
        this(begunNanos, nanos, null, scores);
    }

    public double documentsPerSecond() {
        return scores.size() / (nanos / 1e9);
    }
}
