package io.hatflow.inference.batch;

import io.hatflow.inference.packing.PackedBatch;
import io.hatflow.inference.packing.Packing;
import io.hatflow.inference.packing.Window;
import io.hatflow.inference.text.Span;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Lets a learned budget see runs of growing size before the first document comes. */
public final class WarmUp {

    /** A run that is expected to take longer is left out: all of them together take two or three seconds at most. */
    private static final double LONGEST_NANOS = 0.75e9;

    private static final double LONGEST_AGAIN_NANOS = 0.1e9;
    private static final int ROUNDS = 8;

    private WarmUp() {}

    /**
     * Runs full windows, 1, 2, 4, … rows together, up to what takes most of a second or the budget's target; then those that take
     * little again and again. The budget learns the shortest time of each size: whatever else the machine does makes a run longer and
     * never shorter, and the small sizes, which tell what every run costs, do not come back under load. Memory that runs out ends it,
     * and so does another failure; the first document will show whose fault that is.
     */
    public static void of(PackedModel model, Packing packing, BatchBudget budget) {
        if (budget.isFixed()) {
            return;
        }
        SortedMap<Integer, Long> shortest = new TreeMap<>();
        int rows = 1;
        try {
            model.run(fullRows(packing, 1)); // the first run of all also allocates and is no measure
            for (int round = 0; round < ROUNDS; round++) {
                double longest = Math.min(budget.targetNanos(), round == 0 ? LONGEST_NANOS : LONGEST_AGAIN_NANOS);
                double expected = 0;
                for (rows = 1; rows <= BatchBudget.LARGEST && expected < longest; rows *= 2) {
                    PackedBatch batch = fullRows(packing, rows);
                    long begun = System.nanoTime();
                    model.run(batch);
                    long nanos = System.nanoTime() - begun;
                    shortest.merge(batch.rows(), nanos, Math::min);
                    expected = 2.0 * nanos;
                }
            }
        } catch (InferenceException e) {
            if (e.isOutOfMemory()) {
                budget.outOfMemory(rows);
            }
        }
        shortest.forEach(budget::record);
    }

    /** Windows of one full segment each. */
    private static PackedBatch fullRows(Packing packing, int count) {
        int[] tokenIds = new int[packing.segmentLength() - 1];
        Arrays.fill(tokenIds, packing.cls());
        Window full = new Window(tokenIds, List.of(new Span(0, tokenIds.length)));
        return new PackedBatch(packing, Collections.nCopies(count, full));
    }
}
