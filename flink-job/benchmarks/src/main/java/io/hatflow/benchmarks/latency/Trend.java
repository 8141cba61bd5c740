package io.hatflow.benchmarks.latency;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * A straight line through samples, by least squares.
 *
 * @param perHour its slope
 * @param standardError of the slope, were the samples independent. Those of memory are not quite, so it is a little too small
 */
record Trend(double perHour, double standardError) {

    static Trend of(List<MemorySample> samples, ToDoubleFunction<MemorySample> value) {
        int n = samples.size();
        if (n < 3) {
            throw new IllegalArgumentException("a trend needs at least 3 samples, got " + n);
        }
        double meanX =
                samples.stream().mapToDouble(MemorySample::seconds).average().orElseThrow();
        double meanY = samples.stream().mapToDouble(value).average().orElseThrow();
        double xx = 0;
        double xy = 0;
        for (MemorySample sample : samples) {
            xx += Math.pow(sample.seconds() - meanX, 2);
            xy += (sample.seconds() - meanX) * (value.applyAsDouble(sample) - meanY);
        }
        double slope = xy / xx;
        double residuals = 0;
        for (MemorySample sample : samples) {
            double line = meanY + slope * (sample.seconds() - meanX);
            residuals += Math.pow(value.applyAsDouble(sample) - line, 2);
        }
        return new Trend(slope * 3600, Math.sqrt(residuals / (n - 2) / xx) * 3600);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%+.1f ± %.1f an hour", perHour, standardError);
    }
}
