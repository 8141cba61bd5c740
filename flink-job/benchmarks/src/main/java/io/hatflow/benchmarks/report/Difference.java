package io.hatflow.benchmarks.report;

import java.util.Arrays;
import java.util.List;

/**
 * How far scores of the same documents lie apart.
 *
 * @param documents that were compared
 * @param equal those with the same scores to the last bit
 * @param largest difference of a score; not a number if a score is none
 * @param mean difference of a score
 */
public record Difference(int documents, int equal, double largest, double mean) {

    /** {@code one} and {@code other}: scores [C] of each document, in the same order. */
    public static Difference of(List<float[]> one, List<float[]> other) {
        int equal = 0;
        double largest = 0;
        double sum = 0;
        long count = 0;
        for (int document = 0; document < one.size(); document++) {
            float[] ours = one.get(document);
            float[] theirs = other.get(document);
            equal += Arrays.equals(ours, theirs) ? 1 : 0;
            for (int label = 0; label < ours.length; label++) {
                double difference = Math.abs(ours[label] - theirs[label]);
                largest = Math.max(largest, difference); // NaN if either is
                sum += difference;
                count++;
            }
        }
        return new Difference(one.size(), equal, largest, sum / count);
    }
}
