package io.hatflow.inference.batch;

import java.util.List;

/**
 * How windows are laid out as the batches that a model takes. Thread-safe.
 *
 * @param <W> what the model looks at together
 * @param <B> what it runs
 */
public interface BatchLayout<W, B extends Batch> {

    /** Rows of a batch that a window takes. */
    int rows(W window);

    /** Lay out at least one window. */
    B layOut(List<W> windows);

    /** A batch of that many windows, each the smallest that wastes no token place: its runs show how fast the model is. */
    B full(int windows);
}
