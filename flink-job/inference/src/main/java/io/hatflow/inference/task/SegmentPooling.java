package io.hatflow.inference.task;

import java.util.Arrays;
import java.util.Locale;

/** How the logits of a document's segments become those of the document, label by label; of one segment, they are that segment's. */
public enum SegmentPooling {
    /** The largest. */
    MAX {
        @Override
        double pooled(double[] logits) {
            return Arrays.stream(logits).max().orElseThrow();
        }
    },
    /** Their mean. */
    MEAN {
        @Override
        double pooled(double[] logits) {
            return Arrays.stream(logits).average().orElseThrow();
        }
    },
    /** The logarithm of the sum of what they are logarithms of: more segments that speak for a label say more. */
    LOGSUMEXP {
        @Override
        double pooled(double[] logits) {
            double largest = MAX.pooled(logits);
            return largest
                    + Math.log(Arrays.stream(logits)
                            .map(logit -> Math.exp(logit - largest))
                            .sum());
        }
    };

    /** The one that a manifest names. */
    public static SegmentPooling named(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** Of at least one. */
    abstract double pooled(double[] logits);
}
