package io.hatflow.inference.batch;

import java.time.Duration;
import java.util.Map;

/**
 * How many rows (segments, pad segments included) a micro-batch may have.
 *
 * <p>Either fixed, or learned: the time of a run is close to {@code a + b·rows}, {@code a} being what every run costs whatever its
 * size. Beyond the rows at which {@code a} is a fiftieth of a run a larger batch wins next to nothing and only lets its documents wait
 * for each other, so the budget ends there, or where a run would take longer than its target. Out of memory halves it for good.
 * Thread-safe.
 */
public final class BatchBudget {

    /** Beyond it, attention across segments, which has a row of 64 places or more for each document, begins to cost memory. */
    static final int LARGEST = 1024;

    /** Until anything was measured. */
    private static final int UNMEASURED = 8;

    /** Largest share of {@code a} in a run of the budget's size. */
    private static final double OVERHEAD = 0.02;

    private final int fixedRows;
    private final double targetNanos;
    private final RunTimes runTimes = new RunTimes();
    private int ceiling = LARGEST;

    private BatchBudget(int fixedRows, double targetNanos) {
        this.fixedRows = fixedRows;
        this.targetNanos = targetNanos;
    }

    /** Always so many rows, unless memory runs out. */
    public static BatchBudget fixed(int rows) {
        if (rows < 1) {
            throw new IllegalArgumentException("a batch needs room for at least 1 row, got " + rows);
        }
        return new BatchBudget(rows, Double.POSITIVE_INFINITY);
    }

    /**
     * Learned from runs.
     *
     * @param target that a run shall not exceed where one window alone does not
     */
    public static BatchBudget learned(Duration target) {
        return new BatchBudget(0, target.toNanos());
    }

    /** Learn from runs of several sizes in quick succession: how long each took. */
    synchronized void calibrate(Map<Integer, Long> nanosByRows) {
        runTimes.calibrate(nanosByRows);
    }

    /** Learn from a run how fast the machine is now. */
    public synchronized void record(int rows, long nanos) {
        runTimes.record(rows, nanos);
    }

    /** At least 1. */
    public synchronized int rows() {
        if (fixedRows > 0) {
            return Math.min(fixedRows, ceiling);
        }
        RunTimes.Fit fit = runTimes.fit();
        if (fit.nanosPerRow() <= 0) {
            return Math.min(UNMEASURED, ceiling);
        }
        double enough = Math.ceil(fit.fixedNanos() / fit.nanosPerRow() * (1 - OVERHEAD) / OVERHEAD);
        double inTime = Math.floor((targetNanos - fit.fixedNanos()) / fit.nanosPerRow());
        // A few rows fill the matrix units whatever the fit says.
        double rows = Math.min(Math.max(enough, UNMEASURED), inTime);
        return (int) Math.max(1, Math.min(rows, ceiling));
    }

    /** A batch of so many rows did not fit into memory. */
    public synchronized void outOfMemory(int rows) {
        ceiling = Math.max(1, Math.min(ceiling, rows / 2));
    }

    /** The fitted time of a run. */
    public synchronized RunTimes.Fit fit() {
        return runTimes.fit();
    }

    boolean isFixed() {
        return fixedRows > 0;
    }

    double targetNanos() {
        return targetNanos;
    }
}
