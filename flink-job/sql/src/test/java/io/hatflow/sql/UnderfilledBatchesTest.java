package io.hatflow.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.inference.batch.BatchStatistics;
import java.util.List;
import org.junit.jupiter.api.Test;

class UnderfilledBatchesTest {

    private static final int BUDGET = 16;

    private final UnderfilledBatches underfilled = new UnderfilledBatches(10);
    private long batches;

    /** How often it is time to say something, where every text makes a batch. */
    private int said(int texts, int inFlight, int segments) {
        int said = 0;
        for (int i = 0; i < texts; i++) {
            batches++;
            long rows = batches * segments;
            said += underfilled.isTimeToSay(
                            inFlight,
                            () -> new BatchStatistics(
                                    batches, 0, rows, List.of(), 0, 0, 0, 0, 0, 0, 0, 0, BUDGET, 0, 0))
                    ? 1
                    : 0;
        }
        return said;
    }

    @Test
    void aTaskThatIsFullAndFillsNoBatchIsToldSoOnce() {
        assertThat(said(1000, 10, 9)).isEqualTo(1);
    }

    @Test
    void aTaskThatHasRoomIsNot() {
        assertThat(said(1000, 9, 3)).isZero();
    }

    @Test
    void aTaskWhoseBatchesAreNearlyFullIsNot() {
        assertThat(said(1000, 10, 13)).isZero();
    }
}
