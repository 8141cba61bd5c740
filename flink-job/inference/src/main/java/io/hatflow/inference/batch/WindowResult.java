package io.hatflow.inference.batch;

import io.hatflow.inference.packing.WindowLogits;
import java.util.ArrayList;
import java.util.List;

/** How a window ended; the machine's faults are no result but fail the future. */
public sealed interface WindowResult {

    /** The model's answer; {@code inferenceNanos} is the duration of the run of its batch. */
    record Scored(WindowLogits logits, long queueNanos, long inferenceNanos) implements WindowResult {}

    /**
     * The answers of all windows of a document.
     *
     * @throws IllegalStateException if the model fails on one of them
     */
    static List<WindowLogits> logits(List<WindowResult> results) {
        List<WindowLogits> logits = new ArrayList<>();
        for (WindowResult result : results) {
            if (result instanceof Refused refused) {
                throw new IllegalStateException(refused.message());
            }
            logits.add(((Scored) result).logits());
        }
        return logits;
    }

    /** The model fails on this window alone, while it works on others. */
    record Refused(String message) implements WindowResult {}
}
