package io.hatflow.inference.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What waits for the model, and who is next. Only a queue: it starts no thread and knows nothing of the model.
 *
 * <p>Who is next is decided between documents. Urgent ones {@linkplain Overtaking overtake} the others; among each of the two, those that
 * fit into a batch overtake longer ones. Those are served {@linkplain FirstComeFirstServed in the order in which
 * they came}, longer ones {@linkplain ShortestRemainingFirst by what is left of them}. So:
 *
 * <ul>
 *   <li>A short document that comes when only long ones wait is in the next batch that is filled, however many and however long they are;
 *       or in the one after it, if three short ones in a row have just been before the long ones.
 *   <li>None starves. While a kind has windows waiting, at least every fourth batch begins with it; for long documents that are not
 *       urgent, while urgent and short ones never cease, every sixteenth. Among long ones, every fourth turn is the oldest's.
 *   <li>While a long run is {@linkplain #longRunBegins under way}, short documents may be {@linkplain #takeBesides taken} to run beside it.
 *   <li>Batches are as full as first in, first out would fill them but where the next window does not fit.
 * </ul>
 *
 * <p>It is not bounded. Whoever submits bounds the documents in flight: Flink's async operator by its capacity.
 *
 * @param <W> a window
 * @param <A> the answer for one
 */
final class WindowQueue<W, A> {

    /**
     * What waits.
     *
     * @param oldestNanos {@link System#nanoTime} at which the oldest began to wait; null if nothing waits
     */
    record Depth(int windows, int rows, @Nullable Long oldestNanos) {}

    private final IntSupplier budgetRows;
    private final Lane<W, A> urgentShort = new FirstComeFirstServed<>();
    private final Lane<W, A> ordinaryShort = new FirstComeFirstServed<>();
    /** What may run beside a long run. Of {@link #all}'s, counted apart. */
    private final Lane<W, A> allShort = new Overtaking<>(this::isUrgent, urgentShort, ordinaryShort);

    private final Lane<W, A> all = new Overtaking<>(
            this::isUrgent,
            new Overtaking<>(this::isShort, urgentShort, new ShortestRemainingFirst<>()),
            new Overtaking<>(this::isShort, ordinaryShort, new ShortestRemainingFirst<>()));
    private boolean besidesLongRun;
    private boolean nothingBesides;
    private @Nullable Throwable closedBecause;

    /** {@code budgetRows}: of a batch, as it is at the time. */
    WindowQueue(IntSupplier budgetRows) {
        this.budgetRows = budgetRows;
    }

    private boolean isShort(List<WaitingWindow<W, A>> document) {
        return document.stream().mapToInt(WaitingWindow::rows).sum() <= budgetRows.getAsInt();
    }

    private boolean isUrgent(List<WaitingWindow<W, A>> document) {
        return document.get(0).urgent();
    }

    /** Lets the windows of a document wait; fails their futures if the queue is closed. */
    void put(List<WaitingWindow<W, A>> document) {
        Throwable cause;
        synchronized (this) {
            cause = closedBecause;
            if (cause == null && !document.isEmpty()) {
                all.put(document);
                notifyAll();
            }
        }
        if (cause != null) {
            document.forEach(window -> window.result().completeExceptionally(cause));
        }
    }

    /**
     * Waits until there is something, then takes all that fits into the budget, at least one window.
     *
     * @param elsewhere whether there is something to do that is not in this queue; looked at again after {@link #wake}
     * @return empty if there is something elsewhere, or once the queue is closed
     */
    synchronized List<WaitingWindow<W, A>> take(BooleanSupplier elsewhere) throws InterruptedException {
        List<WaitingWindow<W, A>> taken = taken();
        while (taken.isEmpty() && closedBecause == null && !elsewhere.getAsBoolean()) {
            wait();
            taken = taken();
        }
        return taken;
    }

    /** Lets {@link #take} look again whether there is something elsewhere. */
    synchronized void wake() {
        notifyAll();
    }

    /**
     * A batch if so many short documents wait that they fill it, else an empty list. What is not full may still grow; and what is taken now
     * keeps a short document waiting that comes before it runs. None while they may run beside a long run.
     */
    synchronized List<WaitingWindow<W, A>> takeAhead() {
        boolean runBeside = besidesLongRun && !nothingBesides;
        return !runBeside && allShort.rows() >= budgetRows.getAsInt() ? taken() : List.of();
    }

    /** From now on, until {@link #longRunEnds}, short documents may run beside what the model does. */
    synchronized void longRunBegins() {
        besidesLongRun = true;
        notifyAll();
    }

    synchronized void longRunEnds() {
        besidesLongRun = false;
    }

    /** From now on, nothing runs beside a long run. */
    synchronized void runNothingBesides() {
        nothingBesides = true;
    }

    /**
     * Waits until a long run is under way and short documents wait, then takes as many of these as fit into the budget.
     *
     * @return empty once the queue is closed
     */
    synchronized List<WaitingWindow<W, A>> takeBesides() throws InterruptedException {
        while (closedBecause == null) {
            if (besidesLongRun && !nothingBesides) {
                BatchRoom<W, A> batch = BatchRoom.within(budgetRows.getAsInt());
                allShort.fill(batch);
                if (!batch.windows().isEmpty()) {
                    return batch.windows();
                }
            }
            wait();
        }
        return List.of();
    }

    private List<WaitingWindow<W, A>> taken() {
        BatchRoom<W, A> batch = BatchRoom.forAny(budgetRows.getAsInt());
        all.fill(batch);
        return batch.windows();
    }

    synchronized Depth depth() {
        OptionalLong oldest = all.oldestNanos();
        return new Depth(all.windows(), all.rows(), oldest.isPresent() ? oldest.getAsLong() : null);
    }

    /** Null while open. */
    synchronized @Nullable Throwable closedBecause() {
        return closedBecause;
    }

    /** Refuse what comes, and fail what waits, with {@code cause}. Only the first call counts. */
    void close(Throwable cause) {
        List<WaitingWindow<W, A>> abandoned = new ArrayList<>();
        synchronized (this) {
            if (closedBecause != null) {
                return;
            }
            closedBecause = cause;
            all.drainTo(abandoned::add);
            notifyAll();
        }
        abandoned.forEach(window -> window.result().completeExceptionally(cause));
    }
}
