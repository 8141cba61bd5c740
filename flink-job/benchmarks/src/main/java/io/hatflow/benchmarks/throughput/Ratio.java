package io.hatflow.benchmarks.throughput;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * How much faster one contender is than another: the median over repetitions of the ratio within each, and its range.
 */
public record Ratio(double median, double least, double greatest) {

    /** Of documents per second in the same repetitions. */
    static Ratio of(List<Double> one, List<Double> other) {
        List<Double> ratios = new ArrayList<>();
        for (int repetition = 0; repetition < Math.min(one.size(), other.size()); repetition++) {
            ratios.add(one.get(repetition) / other.get(repetition));
        }
        return new Ratio(median(ratios), Collections.min(ratios), Collections.max(ratios));
    }

    /** Of at least one number. */
    public static double median(List<Double> numbers) {
        List<Double> sorted = numbers.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.2f (%.2f–%.2f)", median, least, greatest);
    }
}
