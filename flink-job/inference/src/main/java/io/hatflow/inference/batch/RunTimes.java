package io.hatflow.inference.batch;

/**
 * Fits {@code a + b·rows} to the times of runs. Times are averaged in size classes of powers of two first, recent ones counting most, so that
 * a long stretch of batches of one size does not wash out what other sizes cost. Where a class becomes slower or faster, so do nearly as much
 * the others: mostly it is the machine that did, and under load the small sizes do not come back to show it. Not thread-safe.
 */
public final class RunTimes {

    /**
     * Time of a run.
     *
     * @param fixedNanos a, what every run costs; 0 while unknown
     * @param nanosPerRow b; 0 while unknown
     */
    public record Fit(double fixedNanos, double nanosPerRow) {}

    private static final int CLASSES = 32;
    private static final double NEWEST = 0.1;

    /** Of a change in one size class, what is taken for a change of the machine. */
    private static final double COMMON = 0.95;

    private final double[] rows = new double[CLASSES];
    private final double[] nanos = new double[CLASSES];

    void record(int runRows, long runNanos) {
        int sizeClass = Integer.SIZE - Integer.numberOfLeadingZeros(runRows);
        if (rows[sizeClass] == 0) {
            rows[sizeClass] = runRows;
            nanos[sizeClass] = runNanos;
            return;
        }
        double likely = nanos[sizeClass] + fit().nanosPerRow() * (runRows - rows[sizeClass]);
        double expected = Math.max(likely, nanos[sizeClass] / 2); // no two sizes of a class differ by more
        // The machine may have stood still for a while.
        double seen = Math.min((double) runNanos, 2 * expected);
        for (int other = 0; other < CLASSES; other++) {
            nanos[other] *= other == sizeClass ? 1 : 1 + NEWEST * COMMON * (seen / expected - 1);
        }
        rows[sizeClass] += NEWEST * (runRows - rows[sizeClass]);
        nanos[sizeClass] += NEWEST * (seen - nanos[sizeClass]);
    }

    /** Least squares of relative deviations; through the origin while only one class of sizes was seen. */
    Fit fit() {
        double weights = 0;
        double x = 0;
        double y = 0;
        double xx = 0;
        double xy = 0;
        for (int i = 0; i < CLASSES; i++) {
            if (rows[i] > 0 && nanos[i] > 0) {
                double weight = 1 / (nanos[i] * nanos[i]);
                weights += weight;
                x += weight * rows[i];
                y += weight * nanos[i];
                xx += weight * rows[i] * rows[i];
                xy += weight * rows[i] * nanos[i];
            }
        }
        if (weights == 0) {
            return new Fit(0, 0);
        }
        double spread = weights * xx - x * x;
        double slope = spread > 1e-9 * weights * xx ? (weights * xy - x * y) / spread : 0;
        double fixed = (y - slope * x) / weights;
        return slope > 0 && fixed > 0 ? new Fit(fixed, slope) : new Fit(0, xy / xx);
    }
}
