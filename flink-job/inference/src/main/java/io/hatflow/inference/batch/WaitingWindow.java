package io.hatflow.inference.batch;

import java.util.concurrent.CompletableFuture;

/**
 * A window in the queue.
 *
 * @param rows of a batch that it takes
 * @param urgent whether its document may overtake others
 * @param enqueuedNanos {@link System#nanoTime} at which it began to wait
 * @param result for who waits for it, who may cancel it
 */
record WaitingWindow<W, A>(
        W window, int rows, boolean urgent, long enqueuedNanos, CompletableFuture<WindowResult<A>> result) {

    boolean isGivenUp() {
        return result.isDone();
    }
}
