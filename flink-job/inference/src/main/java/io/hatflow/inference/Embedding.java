package io.hatflow.inference;

import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Classification.Timings;

/**
 * The vector of one document.
 *
 * @param vector [H], not normalised
 * @param segments segments that the model saw
 * @param windows windows that the segments were seen in
 * @param timings where the time went
 */
@SuppressWarnings("ArrayRecordComponent") // as it leaves the model; a list of floats would be ten times its size
public record Embedding(float[] vector, int segments, int windows, Timings timings) implements Outcome {

    /** All of the text is seen, however long it is. */
    public Coverage coverage() {
        return windows > 1 ? Coverage.WINDOWED : Coverage.COMPLETE;
    }
}
