package io.hatflow.inference.batch;

import io.hatflow.inference.packing.Window;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Windows that wait for the model, first in, first out. Only a queue: it starts no thread and knows nothing of the model.
 *
 * <p>It is not bounded. Whoever submits bounds the documents in flight: Flink's async operator by its capacity.
 */
final class WindowQueue {

    /** A window, the rows of a batch that it takes, and who waits for it. */
    record Waiting(Window window, int rows, long enqueuedNanos, CompletableFuture<WindowResult> result) {}

    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private @Nullable Throwable closedBecause;

    /** Fails the window's future if the queue is closed. */
    void put(Waiting window) {
        Throwable cause;
        synchronized (this) {
            cause = closedBecause;
            if (cause == null) {
                waiting.addLast(window);
                notifyAll();
            }
        }
        if (cause != null) {
            window.result().completeExceptionally(cause);
        }
    }

    /**
     * Waits until there is something, then takes all that fits into the budget, at least one window.
     *
     * @return empty once the queue is closed
     */
    synchronized List<Waiting> take(int budgetRows) throws InterruptedException {
        while (waiting.isEmpty() && closedBecause == null) {
            wait();
        }
        List<Waiting> taken = new ArrayList<>();
        int rows = 0;
        while (!waiting.isEmpty()
                && (taken.isEmpty() || rows + waiting.getFirst().rows() <= budgetRows)) {
            Waiting next = waiting.removeFirst();
            rows += next.rows();
            taken.add(next);
        }
        return taken;
    }

    /** Refuse what comes, and fail what waits, with {@code cause}. Only the first call counts. */
    void close(Throwable cause) {
        List<Waiting> abandoned;
        synchronized (this) {
            if (closedBecause != null) {
                return;
            }
            closedBecause = cause;
            abandoned = new ArrayList<>(waiting);
            waiting.clear();
            notifyAll();
        }
        abandoned.forEach(window -> window.result().completeExceptionally(cause));
    }
}
