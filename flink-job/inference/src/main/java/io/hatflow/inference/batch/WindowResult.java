package io.hatflow.inference.batch;

import io.hatflow.inference.packing.WindowLogits;

/** How a window ended; the machine's faults are no result but fail the future. */
public sealed interface WindowResult {

    /** The model's answer; {@code inferenceNanos} is the duration of the run of its batch. */
    record Scored(WindowLogits logits, long queueNanos, long inferenceNanos) implements WindowResult {}

    /** The model fails on this window alone, while it works on others. */
    record Refused(String message) implements WindowResult {}
}
