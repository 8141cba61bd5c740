package io.hatflow.chaos.watch;

import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A straight line through samples, by least squares.
 *
 * @param mean of the samples
 * @param perHour its slope
 * @param standardError of the slope, were the samples independent. Those of memory are not quite, so it is a little too small
 */
public record Trend(double mean, double perHour, double standardError) {

    private static final int FEWEST_SAMPLES = 3;
    private static final double NOISE_STANDARD_ERRORS = 4;
    private static final double NOISE_OF_MEAN_AN_HOUR = 0.03;

    /**
     * Of everything that was sampled.
     *
     * @param from seconds; samples before are left out: arenas, caches and code still grow to their size then
     * @return empty if there are too few samples
     */
    public static SortedMap<String, Trend> of(List<Sample> samples, double from) {
        List<Sample> judged =
                samples.stream().filter(sample -> sample.seconds() >= from).toList();
        SortedMap<String, Trend> trends = new TreeMap<>();
        if (judged.size() >= FEWEST_SAMPLES) {
            judged.get(0).values().keySet().forEach(name -> trends.put(name, of(judged, name)));
        }
        return trends;
    }

    private static Trend of(List<Sample> samples, String name) {
        int n = samples.size();
        double[] x = samples.stream().mapToDouble(Sample::seconds).toArray();
        double[] y = samples.stream()
                .mapToDouble(sample -> sample.values().get(name))
                .toArray();
        double meanX = mean(x);
        double meanY = mean(y);
        double xx = 0;
        double xy = 0;
        for (int i = 0; i < n; i++) {
            xx += Math.pow(x[i] - meanX, 2);
            xy += (x[i] - meanX) * (y[i] - meanY);
        }
        double slope = xy / xx;
        double residuals = 0;
        for (int i = 0; i < n; i++) {
            residuals += Math.pow(y[i] - meanY - slope * (x[i] - meanX), 2);
        }
        return new Trend(meanY, slope * 3600, Math.sqrt(residuals / (n - 2) / xx) * 3600);
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    /** Whether it grows by more than noise: by more than four standard errors, and by more than 3 % of its mean an hour. */
    public boolean grows() {
        return perHour > NOISE_STANDARD_ERRORS * standardError && perHour > NOISE_OF_MEAN_AN_HOUR * mean;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "%.1f, %+.2f ± %.2f an hour%s", mean, perHour, standardError, grows() ? "  GROWS" : "");
    }
}
