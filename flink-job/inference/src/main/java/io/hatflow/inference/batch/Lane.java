package io.hatflow.inference.batch;

import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Windows that wait for the model, in the order in which they are served. Not thread-safe.
 *
 * @param <W> a window
 * @param <A> the answer for one
 */
interface Lane<W, A> {

    /** Lets the windows of a document wait, at least one. */
    void put(List<WaitingWindow<W, A>> document);

    /** Moves windows into a batch, as long as the next one fits. */
    void fill(BatchRoom<W, A> batch);

    /** Of all windows that wait. */
    int rows();

    int windows();

    default boolean isEmpty() {
        return windows() == 0;
    }

    /** {@link System#nanoTime} at which the oldest began to wait. */
    OptionalLong oldestNanos();

    /** Lets all windows go. */
    void drainTo(Consumer<WaitingWindow<W, A>> each);
}
