package io.hatflow.inference.batch;

import io.hatflow.inference.packing.PackedBatch;
import io.hatflow.inference.task.WindowAnswer;
import java.util.List;

/** What answers packed batches, one at a time. */
@FunctionalInterface
public interface PackedModel {

    /**
     * Run the model on a batch.
     *
     * @return the answer for every window of the batch, in order
     * @throws InferenceException if the run fails
     */
    List<WindowAnswer> run(PackedBatch batch) throws InferenceException;
}
