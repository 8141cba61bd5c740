package io.hatflow.benchmarks.document;

import java.util.Locale;
import java.util.random.RandomGenerator;

/** How many segments the documents of a stream have. */
public enum Lengths {
    /** Most are short, a few hold most of the text: log-normal, median 5 and, with this sigma, mean 7.4; clipped to 1…32. */
    MIXED {
        @Override
        public int draw(RandomGenerator chance) {
            long segments = Math.round(Math.exp(Math.log(5) + 0.885 * chance.nextGaussian()));
            return (int) Math.max(1, Math.min(32, segments));
        }
    },

    /** Like real contracts: many exceed what a model sees at once and are read in windows. */
    CONTRACTS {
        @Override
        public int draw(RandomGenerator chance) {
            double place = chance.nextDouble() * (CONTRACT_QUANTILES.length - 1);
            int below = (int) place;
            double between = place - below;
            return (int)
                    Math.round((1 - between) * CONTRACT_QUANTILES[below] + between * CONTRACT_QUANTILES[below + 1]);
        }
    };

    /**
     * Segments of the 450 contracts of CUAD that the shipped model's recipe uses, cut by its tokenizer and sentence segmenter (K = 128):
     * the quantiles 0, 5, 10, … 100 %.
     */
    private static final int[] CONTRACT_QUANTILES = {
        2, 7, 12, 20, 26, 31, 36, 41, 49, 55, 63, 73, 83, 96, 112, 131, 152, 200, 230, 327, 733
    };

    /** Segments of the next document, at least 1. */
    public abstract int draw(RandomGenerator chance);

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
