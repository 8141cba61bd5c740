package io.hatflow.inference;

import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Rejection.Reason;
import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.batch.WindowResult.Refused;
import io.hatflow.inference.batch.WindowResult.Scored;
import io.hatflow.inference.task.WindowAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * What the model said of each of a document's windows, and where the time went.
 *
 * @param answers one for each window, in their order
 */
record WindowAnswers(List<WindowAnswer> answers, Timings timings) {

    /**
     * Makes an outcome of them once they are there: a {@link Rejection} if the model refuses one of the windows.
     *
     * @param results of the model; cancelled with what this returns
     */
    static CompletableFuture<Outcome> outcome(
            CompletableFuture<List<WindowResult<WindowAnswer>>> results,
            long tokenizeNanos,
            Function<WindowAnswers, Outcome> toOutcome) {
        CompletableFuture<Outcome> outcome = results.thenApply(all -> {
            List<WindowAnswer> answers = new ArrayList<>();
            long queueNanos = 0;
            long inferenceNanos = 0;
            for (WindowResult<WindowAnswer> result : all) {
                if (result instanceof Refused<WindowAnswer> refused) {
                    return new Rejection(Reason.INFERENCE_FAILED, refused.message());
                }
                Scored<WindowAnswer> scored = (Scored<WindowAnswer>) result;
                answers.add(scored.answer());
                queueNanos = Math.max(queueNanos, scored.queueNanos());
                inferenceNanos = Math.max(inferenceNanos, scored.inferenceNanos());
            }
            Timings timings = new Timings(
                    TimeUnit.NANOSECONDS.toMicros(tokenizeNanos),
                    TimeUnit.NANOSECONDS.toMicros(queueNanos),
                    TimeUnit.NANOSECONDS.toMicros(inferenceNanos));
            return toOutcome.apply(new WindowAnswers(answers, timings));
        });
        var unused = outcome.whenComplete((done, failure) -> {
            if (outcome.isCancelled()) {
                results.cancel(false);
            }
        });
        return outcome;
    }
}
