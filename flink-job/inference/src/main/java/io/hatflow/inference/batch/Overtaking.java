package io.hatflow.inference.batch;

import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.LongStream;

/**
 * Documents of which some overtake the others, but not for ever: where both wait, at most three batches in a row begin with those that
 * overtake, and the fourth with one of the others. Whatever fits may use the room that is left.
 */
final class Overtaking<W, A> implements Lane<W, A> {

    private static final int IN_A_ROW = 3;

    private final Predicate<List<WaitingWindow<W, A>>> overtakes;
    private final Lane<W, A> first;
    private final Lane<W, A> second;
    private int inARow;

    /** {@code first}: where those documents wait that overtake the {@code second}. */
    Overtaking(Predicate<List<WaitingWindow<W, A>>> overtakes, Lane<W, A> first, Lane<W, A> second) {
        this.overtakes = overtakes;
        this.first = first;
        this.second = second;
    }

    @Override
    public void put(List<WaitingWindow<W, A>> document) {
        (overtakes.test(document) ? first : second).put(document);
    }

    @Override
    public void fill(BatchRoom<W, A> batch) {
        boolean othersWait = !second.isEmpty();
        if (othersWait && inARow >= IN_A_ROW) {
            if (takesFrom(second, batch)) {
                inARow = 0;
            }
            first.fill(batch);
        } else {
            boolean begins = takesFrom(first, batch);
            boolean othersGet = takesFrom(second, batch);
            // What room is left settles no debt: it may never be enough for a large window. A batch without room for
            // either
            // changes nothing.
            if (begins && othersWait) {
                inARow++;
            } else if (othersGet) {
                inARow = 0;
            }
        }
    }

    private boolean takesFrom(Lane<W, A> lane, BatchRoom<W, A> batch) {
        int before = batch.windows().size();
        lane.fill(batch);
        return batch.windows().size() > before;
    }

    @Override
    public int rows() {
        return first.rows() + second.rows();
    }

    @Override
    public int windows() {
        return first.windows() + second.windows();
    }

    @Override
    public OptionalLong oldestNanos() {
        return LongStream.concat(first.oldestNanos().stream(), second.oldestNanos().stream())
                .reduce((one, other) -> one - other < 0 ? one : other);
    }

    @Override
    public void drainTo(Consumer<WaitingWindow<W, A>> each) {
        first.drainTo(each);
        second.drainTo(each);
    }
}
