package io.hatflow.inference.batch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Windows that wait for the model, in two lanes, each first in, first out. Only a queue: it starts no thread and knows nothing of the
 * model.
 *
 * <p>Urgent windows go first, but every fourth batch begins with the others, so that no flood of urgent ones can keep them waiting for
 * ever. A window whose result was cancelled is dropped when its turn comes.
 *
 * <p>It is not bounded. Whoever submits bounds the documents in flight: Flink's async operator by its capacity.
 *
 * @param <W> a window
 * @param <A> the answer for one
 */
final class WindowQueue<W, A> {

    /** A window, the rows of a batch that it takes, and who waits for it. */
    record Waiting<W, A>(
            W window, int rows, boolean urgent, long enqueuedNanos, CompletableFuture<WindowResult<A>> result) {}

    /**
     * What waits.
     *
     * @param oldestNanos {@link System#nanoTime} at which the oldest began to wait; null if nothing waits
     */
    record Depth(int windows, int rows, @Nullable Long oldestNanos) {}

    private static final int URGENT_BATCHES_IN_A_ROW = 3;

    private final ArrayDeque<Waiting<W, A>> urgent = new ArrayDeque<>();
    private final ArrayDeque<Waiting<W, A>> ordinary = new ArrayDeque<>();
    private int waitingRows;
    private int urgentBatches;
    private @Nullable Throwable closedBecause;

    /** Fails the window's future if the queue is closed. */
    void put(Waiting<W, A> window) {
        Throwable cause;
        synchronized (this) {
            cause = closedBecause;
            if (cause == null) {
                (window.urgent() ? urgent : ordinary).addLast(window);
                waitingRows += window.rows();
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
     * @param elsewhere whether there is something to do that is not in this queue; looked at again after {@link #wake}
     * @return empty if there is something elsewhere, or once the queue is closed
     */
    synchronized List<Waiting<W, A>> take(int budgetRows, BooleanSupplier elsewhere) throws InterruptedException {
        List<Waiting<W, A>> taken = taken(budgetRows);
        while (taken.isEmpty() && closedBecause == null && !elsewhere.getAsBoolean()) {
            wait();
            taken = taken(budgetRows);
        }
        return taken;
    }

    /** Lets {@link #take} look again whether there is something elsewhere. */
    synchronized void wake() {
        notifyAll();
    }

    /** A batch if enough waits to fill it, else an empty list: what is not full may still grow. */
    synchronized List<Waiting<W, A>> takeFull(int budgetRows) {
        return waitingRows >= budgetRows ? taken(budgetRows) : List.of();
    }

    private List<Waiting<W, A>> taken(int budgetRows) {
        boolean urgentFirst = !urgent.isEmpty() && (ordinary.isEmpty() || urgentBatches < URGENT_BATCHES_IN_A_ROW);
        urgentBatches = urgentFirst && !ordinary.isEmpty() ? urgentBatches + 1 : 0;
        List<Waiting<W, A>> taken = new ArrayList<>();
        int room = move(urgentFirst ? urgent : ordinary, taken, budgetRows);
        int unused = move(urgentFirst ? ordinary : urgent, taken, room);
        return taken;
    }

    /** Drops windows that were cancelled. Returns the room that is left; below 0 if the first window alone exceeds it. */
    private int move(ArrayDeque<Waiting<W, A>> lane, List<Waiting<W, A>> taken, int room) {
        int left = room;
        while (!lane.isEmpty()) {
            Waiting<W, A> next = lane.getFirst();
            boolean cancelled = next.result().isDone();
            if (!cancelled && !taken.isEmpty() && next.rows() > left) {
                break;
            }
            lane.removeFirst();
            waitingRows -= next.rows();
            if (!cancelled) {
                left -= next.rows();
                taken.add(next);
            }
        }
        return left;
    }

    synchronized Depth depth() {
        Waiting<W, A> one = urgent.peekFirst();
        Waiting<W, A> other = ordinary.peekFirst();
        Waiting<W, A> oldest =
                one == null || (other != null && other.enqueuedNanos() - one.enqueuedNanos() < 0) ? other : one;
        return new Depth(
                urgent.size() + ordinary.size(),
                waitingRows,
                oldest == null ? null : Long.valueOf(oldest.enqueuedNanos()));
    }

    /** Null while open. */
    synchronized @Nullable Throwable closedBecause() {
        return closedBecause;
    }

    /** Refuse what comes, and fail what waits, with {@code cause}. Only the first call counts. */
    void close(Throwable cause) {
        List<Waiting<W, A>> abandoned;
        synchronized (this) {
            if (closedBecause != null) {
                return;
            }
            closedBecause = cause;
            abandoned = new ArrayList<>(urgent);
            abandoned.addAll(ordinary);
            urgent.clear();
            ordinary.clear();
            waitingRows = 0;
            notifyAll();
        }
        abandoned.forEach(window -> window.result().completeExceptionally(cause));
    }
}
