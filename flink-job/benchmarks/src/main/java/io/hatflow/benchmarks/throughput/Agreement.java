package io.hatflow.benchmarks.throughput;

import io.hatflow.benchmarks.contender.Run;
import java.util.Map;

/** Whether contenders computed the same scores: figures of contenders that compute something else mean nothing. */
final class Agreement {

    /** Largest difference of a score of contenders that all compute in fp32. */
    static final double TOLERANCE = 1e-3;

    /** Largest mean difference of scores of int8, which moves single scores by more. */
    static final double INT8_TOLERANCE = 0.05;

    private Agreement() {}

    /**
     * Compares two answers.
     *
     * @throws IllegalStateException if they differ by too much, or are not answers to the same documents
     */
    static void check(String name, Run run, String reference, Run expected, boolean int8) {
        if (!run.scores().keySet().equals(expected.scores().keySet())) {
            throw new IllegalStateException(name + " and " + reference + " did not answer the same documents");
        }
        double largest = 0;
        double sum = 0;
        long count = 0;
        for (Map.Entry<String, float[]> answer : run.scores().entrySet()) {
            float[] theirs = answer.getValue();
            float[] ours = expected.scores().get(answer.getKey());
            if (ours == null || ours.length != theirs.length) {
                throw new IllegalStateException(name + " has other labels than " + reference);
            }
            for (int label = 0; label < theirs.length; label++) {
                double difference = Math.abs(theirs[label] - ours[label]);
                // A difference that is no number is not below any limit.
                largest = difference <= largest ? largest : difference;
                sum += difference;
                count++;
            }
        }
        double found = int8 ? sum / count : largest;
        double limit = int8 ? INT8_TOLERANCE : TOLERANCE;
        if (!(found <= limit)) {
            throw new IllegalStateException(
                    "The scores of %s differ from those of %s by %s%.5f, expected at most %s; nothing that it does can be compared"
                            .formatted(name, reference, int8 ? "" : "up to ", found, limit));
        }
    }
}
