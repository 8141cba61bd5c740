package io.hatflow.benchmarks.contender;

import io.hatflow.benchmarks.document.Slice;

/** A way to classify documents. What it loads is loaded before the clock of a {@link Run} starts. */
public interface Contender extends AutoCloseable {

    /** As in tables and results. */
    String name();

    /** Runs the warm-up, waits until nothing of it is under way, then classifies the measured documents as fast as it can. */
    Run run(Slice slice) throws Exception;

    @Override
    default void close() {}
}
