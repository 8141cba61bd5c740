package io.hatflow.inference.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.inference.bundle.Manifest.PadSegment;
import io.hatflow.inference.hat.PackedBatch;
import io.hatflow.inference.hat.Packing;
import io.hatflow.inference.task.WindowAnswer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class WarmUpTest {

    private static final Packing PACKING = new Packing(16, 6, 0, null, 1, PadSegment.NONE);

    private final List<Integer> sizes = new ArrayList<>();

    /** Answers at once, and fails beyond so many rows. */
    private BatchModel<PackedBatch, WindowAnswer> failingBeyond(int mostRows, boolean outOfMemory) {
        return batch -> {
            sizes.add(batch.rows());
            if (batch.rows() > mostRows) {
                throw new InferenceException("no", new IllegalStateException(), outOfMemory);
            }
            return batch.deal(new float[batch.windowCount()][1], new float[batch.rows()][1]);
        };
    }

    @Test
    void aLearnedBudgetSeesRunsOfGrowingSize() {
        BatchBudget budget = BatchBudget.learned(Duration.ofSeconds(10));
        WarmUp.of(failingBeyond(Integer.MAX_VALUE, false), PACKING, budget);
        // The first run of all is no measure.
        assertThat(sizes).startsWith(1, 1, 2, 4, 8, 16);
        // A single run of a size would tell what else the machine did.
        assertThat(Collections.frequency(sizes, 2)).isEqualTo(8);
        assertThat(sizes).allMatch(rows -> rows <= BatchBudget.LARGEST);
        assertThat(budget.fit().nanosPerRow()).isPositive();
    }

    @Test
    void whatMemoryDoesNotHoldBoundsTheBudget() {
        BatchBudget budget = BatchBudget.learned(Duration.ofSeconds(10));
        WarmUp.of(failingBeyond(3, true), PACKING, budget);
        assertThat(sizes).startsWith(1, 1, 2, 4);
        assertThat(Collections.frequency(sizes, 4))
                .as("what did not fit is not tried again")
                .isEqualTo(1);
        assertThat(Collections.frequency(sizes, 2)).isEqualTo(8);
        assertThat(budget.rows()).isEqualTo(2);
    }

    @Test
    void anotherFailureEndsItAndIsLeftToTheFirstDocument() {
        BatchBudget budget = BatchBudget.learned(Duration.ofSeconds(10));
        WarmUp.of(failingBeyond(3, false), PACKING, budget);
        assertThat(sizes).containsExactly(1, 1, 2, 4);
        assertThat(budget.rows()).isGreaterThan(2);
    }

    @Test
    void aFixedBudgetNeedsNone() {
        WarmUp.of(failingBeyond(0, false), PACKING, BatchBudget.fixed(4));
        assertThat(sizes).isEmpty();
    }
}
