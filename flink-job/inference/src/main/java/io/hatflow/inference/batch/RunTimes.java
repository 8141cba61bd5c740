package io.hatflow.inference.batch;

import java.util.Map;

/**
 * Time of a run by its rows, {@code a + b·rows}. How {@code a} compares with {@code b} is fitted to runs of many sizes in quick
 * succession, before the first document. Later runs only tell how fast the machine is at the time: under load the small sizes, which
 * show {@code a}, do not come back, and a ratio that is fitted to what does come back wanders, most often towards ever larger batches.
 * Not thread-safe.
 */
public final class RunTimes {

    /**
     * Time of a run.
     *
     * @param fixedNanos a, what every run costs; 0 while unknown
     * @param nanosPerRow b; 0 while unknown
     */
    public record Fit(double fixedNanos, double nanosPerRow) {}

    /** What the newest run counts for in the machine's speed. */
    private static final double NEWEST = 0.1;

    private Fit fit = new Fit(0, 0);

    Fit fit() {
        return fit;
    }

    /** Fits both, by least squares of relative deviations; through the origin if there is but one size. */
    void calibrate(Map<Integer, Long> nanosByRows) {
        double weights = 0;
        double x = 0;
        double y = 0;
        double xx = 0;
        double xy = 0;
        for (Map.Entry<Integer, Long> run : nanosByRows.entrySet()) {
            double rows = run.getKey();
            double nanos = Math.max(1, run.getValue());
            double weight = 1 / (nanos * nanos);
            weights += weight;
            x += weight * rows;
            y += weight * nanos;
            xx += weight * rows * rows;
            xy += weight * rows * nanos;
        }
        if (weights == 0) {
            return;
        }
        double spread = weights * xx - x * x;
        double slope = spread > 1e-9 * weights * xx ? (weights * xy - x * y) / spread : 0;
        double fixed = (y - slope * x) / weights;
        fit = slope > 0 && fixed > 0 ? new Fit(fixed, slope) : new Fit(0, xy / xx);
    }

    /** Lets both become slower or faster with the machine. */
    void record(int rows, long nanos) {
        double expected = fit.fixedNanos() + fit.nanosPerRow() * rows;
        if (expected <= 0) {
            calibrate(Map.of(rows, nanos));
            return;
        }
        double seen = Math.min((double) nanos, 2 * expected); // the machine may have stood still for a while
        double slower = 1 + NEWEST * (seen / expected - 1);
        fit = new Fit(slower * fit.fixedNanos(), slower * fit.nanosPerRow());
    }
}
