package io.hatflow.benchmarks.throughput;

import static java.util.Objects.requireNonNull;

import io.hatflow.benchmarks.contender.Run;
import io.hatflow.benchmarks.report.Difference;
import io.hatflow.inference.bundle.Manifest.Precision;
import java.util.List;
import java.util.Set;

/**
 * Whether contenders computed the same scores: figures of contenders that compute something else mean nothing.
 *
 * @param tolerance largest difference of a score
 * @param int8 names of those that compute in int8, which moves single scores by more; of these the mean difference counts
 */
record Agreement(double tolerance, Set<String> int8) {

    private static final double FP32_TOLERANCE = 1e-3;
    private static final double FP16_TOLERANCE = 0.02;

    /** Largest mean difference of scores of int8. */
    private static final double INT8_TOLERANCE = 0.05;

    /** Of contenders that all compute in fp32. */
    static Agreement ofFp32() {
        return new Agreement(FP32_TOLERANCE, Set.of());
    }

    /** Of contenders that compute as precisely as their bundle, but for those in int8. */
    static Agreement of(Precision precision, Set<String> int8) {
        return new Agreement(precision == Precision.FP16 ? FP16_TOLERANCE : FP32_TOLERANCE, int8);
    }

    /**
     * Compares two answers. Where time is limited, one may have answered fewer documents than the other.
     *
     * @throws IllegalStateException if they differ by too much, or have no document in common
     */
    void check(String name, Run run, String reference, Run expected) {
        List<String> both = run.scores().keySet().stream()
                .filter(expected.scores()::containsKey)
                .toList();
        if (both.isEmpty()) {
            throw new IllegalStateException(name + " and " + reference + " did not answer the same documents");
        }
        List<float[]> theirs = scores(run, both);
        List<float[]> ours = scores(expected, both);
        for (int document = 0; document < both.size(); document++) {
            if (theirs.get(document).length != ours.get(document).length) {
                throw new IllegalStateException(name + " has other labels than " + reference);
            }
        }
        Difference difference = Difference.of(theirs, ours);
        boolean mean = int8.contains(name);
        double found = mean ? difference.mean() : difference.largest();
        double limit = mean ? INT8_TOLERANCE : tolerance;
        if (!(found <= limit)) {
            throw new IllegalStateException(
                    "The scores of %s differ from those of %s by %s%.5f, expected at most %s; nothing that it does can be compared"
                            .formatted(name, reference, mean ? "" : "up to ", found, limit));
        }
    }

    private static List<float[]> scores(Run run, List<String> documents) {
        return documents.stream()
                .map(document -> requireNonNull(run.scores().get(document)))
                .toList();
    }
}
