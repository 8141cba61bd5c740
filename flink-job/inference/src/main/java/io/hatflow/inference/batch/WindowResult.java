package io.hatflow.inference.batch;

import java.util.ArrayList;
import java.util.List;

/**
 * How a window ended; the machine's faults are no result but fail the future.
 *
 * @param <A> the model's answer for a window
 */
public sealed interface WindowResult<A> {

    /** The model's answer; {@code inferenceNanos} is the duration of the run of its batch. */
    record Scored<A>(A answer, long queueNanos, long inferenceNanos) implements WindowResult<A> {}

    /**
     * The answers of all windows of a document.
     *
     * @throws IllegalStateException if the model fails on one of them
     */
    static <A> List<A> answers(List<WindowResult<A>> results) {
        List<A> answers = new ArrayList<>();
        for (WindowResult<A> result : results) {
            if (result instanceof Refused<A> refused) {
                throw new IllegalStateException(refused.message());
            }
            answers.add(((Scored<A>) result).answer());
        }
        return answers;
    }

    /** The model fails on this window alone, while it works on others. */
    record Refused<A>(String message) implements WindowResult<A> {}
}
