package io.hatflow.inference.batch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Documents by what is left of them, the least first (shortest remaining processing time), in turns of a batch's rows. So a contract passes
 * a filing of a thousand pages; of equal ones, the one that has begun ends before the next begins, and whoever waits for any of
 * them to end, as a checkpoint does, waits for one.
 *
 * <p>With ageing, so that none starves: after three turns without the oldest, the fourth is the oldest's. So it ends after at most four times
 * as many turns as it needs, whatever comes after it; and every document is the oldest at some time.
 */
final class ShortestRemainingFirst<W, A> implements Lane<W, A> {

    private static final int TURNS_WITHOUT_THE_OLDEST = 3;

    /** A document, and how many of its rows were served in its turn. */
    private static final class Waiting<W, A> {
        private final Deque<WaitingWindow<W, A>> windows;
        private int rows;
        private int served;

        Waiting(List<WaitingWindow<W, A>> windows) {
            this.windows = new ArrayDeque<>(windows);
            windows.forEach(window -> rows += window.rows());
        }

        int rows() {
            return rows;
        }
    }

    /** The oldest first. */
    private final List<Waiting<W, A>> documents = new ArrayList<>();

    /** Whose turn it is; null if that is to be decided. */
    private @Nullable Waiting<W, A> current;

    private int turnsWithoutTheOldest;
    private int windows;
    private int rows;

    @Override
    public void put(List<WaitingWindow<W, A>> document) {
        Waiting<W, A> waiting = new Waiting<>(document);
        documents.add(waiting);
        windows += document.size();
        rows += waiting.rows;
    }

    @Override
    public void fill(BatchRoom<W, A> batch) {
        while (!documents.isEmpty()) {
            Waiting<W, A> document = current == null ? next() : current;
            WaitingWindow<W, A> window = document.windows.getFirst();
            if (!batch.fits(window)) {
                return;
            }
            serve(document, window, batch);
        }
    }

    /** Decided anew whenever a turn begins that finds room. */
    private Waiting<W, A> next() {
        Waiting<W, A> oldest = documents.get(0);
        return turnsWithoutTheOldest < TURNS_WITHOUT_THE_OLDEST
                ? documents.stream().min(Comparator.comparingInt(Waiting::rows)).orElse(oldest)
                : oldest;
    }

    private void serve(Waiting<W, A> document, WaitingWindow<W, A> window, BatchRoom<W, A> batch) {
        if (current == null) {
            turnsWithoutTheOldest = document == documents.get(0) ? 0 : turnsWithoutTheOldest + 1;
            document.served = 0;
            current = document;
        }
        batch.add(window);
        document.windows.removeFirst();
        document.rows -= window.rows();
        document.served += window.rows();
        windows--;
        rows -= window.rows();
        if (document.windows.isEmpty()) {
            documents.remove(document);
        }
        if (document.windows.isEmpty() || document.served >= batch.budgetRows()) {
            current = null;
        }
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int windows() {
        return windows;
    }

    @Override
    public OptionalLong oldestNanos() {
        return documents.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(documents.get(0).windows.getFirst().enqueuedNanos());
    }

    @Override
    public void drainTo(Consumer<WaitingWindow<W, A>> each) {
        documents.forEach(document -> document.windows.forEach(each));
        documents.clear();
        current = null;
        windows = 0;
        rows = 0;
    }
}
