package io.hatflow.inference.batch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** Windows in the order in which they came. */
final class FirstComeFirstServed<W, A> implements Lane<W, A> {

    private final Deque<WaitingWindow<W, A>> waiting = new ArrayDeque<>();
    private int rows;

    @Override
    public void put(List<WaitingWindow<W, A>> document) {
        waiting.addAll(document);
        document.forEach(window -> rows += window.rows());
    }

    @Override
    public void fill(BatchRoom<W, A> batch) {
        for (WaitingWindow<W, A> next = waiting.peek(); next != null && batch.fits(next); next = waiting.peek()) {
            batch.add(waiting.remove());
            rows -= next.rows();
        }
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int windows() {
        return waiting.size();
    }

    @Override
    public OptionalLong oldestNanos() {
        return waiting.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(waiting.getFirst().enqueuedNanos());
    }

    @Override
    public void drainTo(Consumer<WaitingWindow<W, A>> each) {
        waiting.forEach(each);
        waiting.clear();
        rows = 0;
    }
}
