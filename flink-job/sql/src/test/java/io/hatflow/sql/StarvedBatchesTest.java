package io.hatflow.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.inference.batch.BatchStatistics;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StarvedBatchesTest {

    private final StarvedBatches starved = new StarvedBatches(10);

    private static BatchStatistics waiting(int segments) {
        return new BatchStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, segments, 0, 16, 0, 0);
    }

    /** How often it is time to say something. */
    private long said(int times, int inFlight, int segments) {
        return IntStream.range(0, times)
                .filter(each -> starved.isTimeToSay(inFlight, () -> waiting(segments)))
                .count();
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
    void aFullBatchNowAndThenIsEnough() {
        for (int i = 0; i < 20; i++) {
            assertThat(said(99, 10, 9) + said(1, 10, 16)).isZero();
        }
    }
}
