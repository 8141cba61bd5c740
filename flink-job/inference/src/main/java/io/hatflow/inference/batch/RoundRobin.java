package io.hatflow.inference.batch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Documents take turns of a batch's rows each (Shreedhar and Varghese 1995, "Efficient Fair Queueing Using Deficit Round Robin"). So while
 * two of them wait, one is served at most a batch and a window more than the other. Documents that end within their first turn are
 * served first come, first served.
 */
final class RoundRobin<W, A> implements Lane<W, A> {

    /** A document, and how many of its rows were served in its turn. */
    private static final class Waiting<W, A> {
        private final Deque<WaitingWindow<W, A>> windows;
        private int served;

        Waiting(List<WaitingWindow<W, A>> windows) {
            this.windows = new ArrayDeque<>(windows);
        }
    }

    private final Deque<Waiting<W, A>> documents = new ArrayDeque<>();
    private int windows;
    private int rows;

    @Override
    public void put(List<WaitingWindow<W, A>> document) {
        documents.addLast(new Waiting<>(document));
        windows += document.size();
        document.forEach(window -> rows += window.rows());
    }

    @Override
    public void fill(BatchRoom<W, A> batch) {
        while (!documents.isEmpty()) {
            Waiting<W, A> document = documents.getFirst();
            WaitingWindow<W, A> window = document.windows.getFirst();
            if (!batch.fits(window)) {
                return;
            }
            batch.add(window);
            document.windows.removeFirst();
            windows--;
            rows -= window.rows();
            document.served += window.rows();
            if (document.windows.isEmpty()) {
                documents.removeFirst();
            } else if (document.served >= batch.budgetRows()) {
                document.served = 0;
                documents.addLast(documents.removeFirst());
            }
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
        return documents.stream()
                .mapToLong(document -> document.windows.getFirst().enqueuedNanos())
                .reduce((one, other) -> one - other < 0 ? one : other);
    }

    @Override
    public void drainTo(Consumer<WaitingWindow<W, A>> each) {
        documents.forEach(document -> document.windows.forEach(each));
        documents.clear();
        windows = 0;
        rows = 0;
    }
}
