package io.hatflow.inference.batch;

import io.hatflow.inference.task.WindowAnswer;
import java.util.ArrayList;
import java.util.List;

/** How a window ended; the machine's faults are no result but fail the future. */
public sealed interface WindowResult {

    /** The model's answer; {@code inferenceNanos} is the duration of the run of its batch. */
    record Scored(WindowAnswer answer, long queueNanos, long inferenceNanos) implements WindowResult {}

    /**
     * The answers of all windows of a document.
     *
     * @throws IllegalStateException if the model fails on one of them
     */
    static List<WindowAnswer> answers(List<WindowResult> results) {
        List<WindowAnswer> answers = new ArrayList<>();
        for (WindowResult result : results) {
            if (result instanceof Refused refused) {
                throw new IllegalStateException(refused.message());
            }
            answers.add(((Scored) result).answer());
        }
        return answers;
    }

    /** The model fails on this window alone, while it works on others. */
    record Refused(String message) implements WindowResult {}
}
