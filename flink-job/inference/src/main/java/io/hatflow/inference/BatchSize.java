package io.hatflow.inference;

import io.hatflow.inference.batch.BatchBudget;
import java.io.Serializable;
import java.time.Duration;

/** How many segments, or windows of symbols, a micro-batch may have; a window that has more runs alone. */
public sealed interface BatchSize extends Serializable {

    /** Always that many segments, unless memory runs out. */
    record Fixed(int segments) implements BatchSize {

        public Fixed {
            Positive.require("segments", segments);
        }

        @Override
        public BatchBudget budget() {
            return BatchBudget.fixed(segments);
        }
    }

    /**
     * As many as gain anything, by the time that runs take.
     *
     * @param target time that a run shall not exceed where one window alone does not
     */
    record Learned(Duration target) implements BatchSize {

        public Learned {
            Positive.require("target", target);
        }

        @Override
        public BatchBudget budget() {
            return BatchBudget.learned(target);
        }
    }

    /** Learned, with runs of at most 2 s. */
    static Learned learned() {
        return new Learned(Duration.ofSeconds(2));
    }

    /** A budget of this size, from which nothing was learned yet. */
    BatchBudget budget();
}
