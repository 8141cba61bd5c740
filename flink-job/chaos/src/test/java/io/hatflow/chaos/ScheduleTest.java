package io.hatflow.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ScheduleTest {

    private static List<Schedule.Planned> first(long seed, int count) {
        Schedule schedule = new Schedule(seed, List.of(FaultKind.values()));
        return Stream.generate(schedule::next).limit(count).toList();
    }

    @Test
    void theSeedSaysEverything() {
        assertThat(first(7, 30)).isEqualTo(first(7, 30)).isNotEqualTo(first(8, 30));
    }

    @Test
    void everyKindComesBeforeAnyComesAgain() {
        assertThat(first(7, FaultKind.values().length))
                .extracting(Schedule.Planned::kind)
                .containsExactlyInAnyOrder(FaultKind.values());
    }
}
