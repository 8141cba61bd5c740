package io.hatflow.inference.batch;

import io.hatflow.inference.packing.PackedBatch;
import io.hatflow.inference.packing.Packing;
import io.hatflow.inference.packing.Window;
import io.hatflow.inference.text.Span;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Lets a learned budget see runs of growing size before the first document comes. */
public final class WarmUp {

    private static final long LONGEST_NANOS = Duration.ofSeconds(3).toNanos();

    private WarmUp() {}

    /**
     * Runs full windows, 1, 2, 4, … rows together, until that took a few seconds, a run took longer than the budget's target or memory
     * ran out. Another failure ends it too; the first document will show whose fault that is.
     */
    public static void of(PackedModel model, Packing packing, BatchBudget budget) {
        if (budget.isFixed()) {
            return;
        }
        long begun = System.nanoTime();
        int rows = 1;
        try {
            model.run(fullRows(packing, 1)); // the first run of all also allocates and is no measure
            long nanos = 0;
            while (rows <= BatchBudget.LARGEST
                    && nanos < budget.targetNanos()
                    && System.nanoTime() - begun + 2 * nanos < LONGEST_NANOS) {
                PackedBatch batch = fullRows(packing, rows);
                long before = System.nanoTime();
                model.run(batch);
                nanos = System.nanoTime() - before;
                budget.record(batch.rows(), nanos);
                rows *= 2;
            }
        } catch (InferenceException e) {
            if (e.isOutOfMemory()) {
                budget.outOfMemory(rows);
            }
        }
    }

    /** Windows of one full segment each. */
    private static PackedBatch fullRows(Packing packing, int count) {
        int[] tokenIds = new int[packing.segmentLength() - 1];
        Arrays.fill(tokenIds, packing.cls());
        Window full = new Window(tokenIds, List.of(new Span(0, tokenIds.length)));
        return new PackedBatch(packing, Collections.nCopies(count, full));
    }
}
