package io.hatflow.inference.batch;

import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Lets a learned budget see runs of growing size before the first document comes.
 *
 * @param <B> what the model runs
 */
public final class WarmUp<B extends Batch> {

    /** A run that is expected to take longer is left out: all of them together take little more than a second at most. */
    private static final double LONGEST_NANOS = 0.3e9;

    private static final double LONGEST_AGAIN_NANOS = 0.05e9;
    private static final int ROUNDS = 8;

    private final BatchModel<B, ?> model;
    private final BatchLayout<?, B> layout;
    private final BatchBudget budget;
    private final SortedMap<Integer, Long> shortest = new TreeMap<>();
    private int largest = BatchBudget.LARGEST;

    private WarmUp(BatchModel<B, ?> model, BatchLayout<?, B> layout, BatchBudget budget) {
        this.model = model;
        this.layout = layout;
        this.budget = budget;
    }

    /**
     * Runs full windows, 1, 2, 4, … rows together, up to what takes a third of a second or the budget's target; then those that take
     * little again and again. The budget learns the shortest time of each size: whatever else the machine does makes a run longer and
     * never shorter. Sizes for which memory runs out are not tried again; another failure ends it.
     */
    public static <B extends Batch> void of(BatchModel<B, ?> model, BatchLayout<?, B> layout, BatchBudget budget) {
        if (!budget.isFixed()) {
            new WarmUp<>(model, layout, budget).run();
        }
    }

    private void run() {
        try {
            grow(Double.MIN_VALUE);
            shortest.clear(); // the first run of all also allocates and is no measure
            for (int round = 0; round < ROUNDS; round++) {
                grow(Math.min(budget.targetNanos(), round == 0 ? LONGEST_NANOS : LONGEST_AGAIN_NANOS));
            }
        } catch (InferenceException e) {
            // The first document will show whose fault that is.
        }
        budget.calibrate(shortest);
    }

    /** Runs of growing size, at least one, until the next is expected to take longer or not to fit. */
    private void grow(double longestNanos) throws InferenceException {
        double expected = 0;
        for (int rows = 1; rows <= largest && expected < longestNanos; rows *= 2) {
            B batch = layout.full(rows);
            try {
                long begun = System.nanoTime();
                model.run(batch);
                long nanos = System.nanoTime() - begun;
                shortest.merge(batch.rows(), nanos, Math::min);
                expected = 2.0 * nanos;
            } catch (InferenceException e) {
                if (!e.isOutOfMemory()) {
                    throw e;
                }
                budget.outOfMemory(rows);
                largest = rows / 2;
            }
        }
    }
}
