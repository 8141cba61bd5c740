package io.hatflow.inference.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BatchBudgetTest {

    private static final double MILLISECOND = 1e6;

    @Test
    void fixedAndSlopeAreFoundInNoisyTimes() {
        BatchBudget budget = BatchBudget.learned(Duration.ofSeconds(10));
        train(budget, 40, 5, 0.05);
        assertThat(budget.fit().fixedNanos()).isCloseTo(40 * MILLISECOND, within(8 * MILLISECOND));
        assertThat(budget.fit().nanosPerRow()).isCloseTo(5 * MILLISECOND, within(0.5 * MILLISECOND));
    }

    @Test
    void itEndsWhereALargerBatchWouldWinNothing() {
        BatchBudget cpu = BatchBudget.learned(Duration.ofSeconds(10));
        train(cpu, 2, 50, 0); // 2 ms are 2 % of a run of two rows
        assertThat(cpu.rows()).isEqualTo(8);
        BatchBudget gpu = BatchBudget.learned(Duration.ofSeconds(10));
        train(gpu, 2, 0.5, 0);
        assertThat(gpu.rows()).isCloseTo(49 * 4, within(2));
    }

    @Test
    void itEndsWhereARunWouldTakeTooLong() {
        BatchBudget budget = BatchBudget.learned(Duration.ofMillis(102));
        train(budget, 20, 4, 0);
        assertThat(budget.rows()).isEqualTo(20);
        BatchBudget slow = BatchBudget.learned(Duration.ofMillis(100));
        train(slow, 20, 400, 0);
        assertThat(slow.rows()).isEqualTo(1);
    }

    @Test
    void itFollowsWhenTheMachineBecomesSlower() {
        BatchBudget budget = BatchBudget.learned(Duration.ofMillis(100));
        train(budget, 20, 4, 0);
        for (int i = 0; i < 1000; i++) {
            budget.record(16, Math.round((40 + 8 * 16) * MILLISECOND));
        }
        assertThat(budget.rows()).isBetween(7, 9);
    }

    @Test
    void aLongStretchOfOneSizeDoesNotWashOutTheOthers() {
        BatchBudget budget = BatchBudget.learned(Duration.ofMillis(100));
        train(budget, 20, 4, 0);
        for (int i = 0; i < 10_000; i++) {
            budget.record(16, Math.round((20 + 4 * 16) * MILLISECOND));
        }
        assertThat(budget.rows()).isBetween(19, 21);
    }

    /** As under load on a machine shared with others: its speed changes, and small batches are never seen again. */
    @Test
    void itDoesNotWanderWithWhatTheLoadHappensToShow() {
        BatchBudget budget = BatchBudget.learned(Duration.ofSeconds(10));
        train(budget, 1.4, 4.6, 0);
        int before = budget.rows();
        Random chance = new Random(5);
        for (int i = 0; i < 100_000; i++) {
            int rows = 8 + chance.nextInt(40);
            double slower = i / 500 % 2 == 0 ? 0.7 : 1.5;
            // Large batches leave the caches; real segments are not all full.
            double time = (1.4 + 4.6 * rows) * (rows > 24 ? 1.1 : 1) * slower * (0.7 + 0.4 * chance.nextDouble());
            budget.record(rows, Math.round(time * MILLISECOND));
        }
        assertThat(budget.rows()).isEqualTo(before);
    }

    @Test
    void whatASingleSizeShowsOfTheMachineHoldsForTheOthers() {
        BatchBudget budget = BatchBudget.learned(Duration.ofSeconds(10));
        train(budget, 1, 4, 0);
        int before = budget.rows();
        for (double slower : new double[] {3, 0.5, 1}) {
            for (int i = 0; i < 1000; i++) {
                budget.record(12, Math.round(slower * (1 + 4 * 12) * MILLISECOND));
            }
            assertThat(budget.fit().nanosPerRow())
                    .isCloseTo(slower * 4 * MILLISECOND, within(0.4 * slower * MILLISECOND));
            assertThat(budget.rows()).isBetween(before - 3, before + 3);
        }
    }

    @Test
    void outOfMemoryHalvesItForGood() {
        BatchBudget budget = BatchBudget.learned(Duration.ofSeconds(10));
        train(budget, 2, 0.5, 0);
        budget.outOfMemory(150);
        assertThat(budget.rows()).isEqualTo(75);
        train(budget, 2, 0.5, 0);
        assertThat(budget.rows()).isEqualTo(75);
        budget.outOfMemory(1);
        assertThat(budget.rows()).isEqualTo(1);
    }

    @Test
    void unmeasuredItIsSmallAndFixedItStaysWhatItIs() {
        assertThat(BatchBudget.learned(Duration.ofSeconds(1)).rows()).isBetween(1, 64);
        BatchBudget fixed = BatchBudget.fixed(37);
        train(fixed, 2, 0.5, 0);
        assertThat(fixed.rows()).isEqualTo(37);
        assertThatThrownBy(() -> BatchBudget.fixed(0)).hasMessageContaining("at least 1 row, got 0");
    }

    /** Runs of growing size whose times are {@code a + b·rows} milliseconds, give or take {@code noise}. */
    private static void train(BatchBudget budget, double a, double b, double noise) {
        Random chance = new Random(5);
        SortedMap<Integer, Long> nanosByRows = new TreeMap<>();
        for (int rows = 1; rows <= 128; rows *= 2) {
            nanosByRows.put(rows, Math.round((a + b * rows) * MILLISECOND * (1 + noise * chance.nextGaussian())));
        }
        budget.calibrate(nanosByRows);
    }
}
