package io.hatflow.inference.batch;

import java.util.List;

/**
 * What answers batches. Thread-safe: two runs may overlap.
 *
 * @param <B> what it runs
 * @param <A> what it answers for a window
 */
@FunctionalInterface
public interface BatchModel<B extends Batch, A extends Answer> {

    /**
     * Run the model on a batch.
     *
     * @return the answer for every window of the batch, in order
     * @throws InferenceException if the run fails
     */
    List<A> run(B batch) throws InferenceException;
}
