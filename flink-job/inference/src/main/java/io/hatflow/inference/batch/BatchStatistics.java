package io.hatflow.inference.batch;

import java.util.List;

/**
 * What a {@link MicroBatcher} did since it was made, and what it holds.
 *
 * @param batches runs of the model that succeeded
 * @param windows that they answered
 * @param rows that they had, pad segments included
 * @param rowsOfBatches how many batches had at most as many rows as each of {@link #ROW_BOUNDS}; the last, how many there were
 * @param tokens real tokens that they held
 * @param tokenSlots token places that they computed: rows · K
 * @param runNanos time spent in them, not counting those beside long ones; its growth is the share of time in which the model was busy
 * @param queueNanos time that their windows had waited, summed over windows
 * @param outOfMemory batches that were halved because memory ran out
 * @param queuedWindows that wait now
 * @param queuedRows that wait now
 * @param oldestNanos how long the oldest of them has waited; 0 if none waits
 * @param budgetRows the present budget
 * @param fixedNanos a of the fitted time of a run, a + b·rows
 * @param nanosPerRow b
 */
public record BatchStatistics(
        long batches,
        long windows,
        long rows,
        List<Long> rowsOfBatches,
        long tokens,
        long tokenSlots,
        long runNanos,
        long queueNanos,
        long outOfMemory,
        int queuedWindows,
        int queuedRows,
        long oldestNanos,
        int budgetRows,
        double fixedNanos,
        double nanosPerRow) {

    /** Of {@link #rowsOfBatches}, which has one element more. */
    public static final List<Long> ROW_BOUNDS = List.of(1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L, 512L);

    public BatchStatistics {
        rowsOfBatches = List.copyOf(rowsOfBatches);
    }
}
