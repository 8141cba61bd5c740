package io.hatflow.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class UnregisteredTest {

    private static final List<String> BOTH = List.of("taskmanager-1-1", "taskmanager-2-1");

    private final Unregistered unregistered = new Unregistered(Duration.ofSeconds(90));

    private List<String> at(long second, List<String> alive, String... registered) {
        return unregistered.overdue(Duration.ofSeconds(second).toNanos(), alive, Set.of(registered));
    }

    @Test
    void oneThatLivesOnUnknownIsOverdueOnceItsTimeIsUp() {
        assertThat(at(0, BOTH)).isEmpty();
        assertThat(at(50, BOTH, "taskmanager-2-1")).isEmpty();
        assertThat(at(90, BOTH, "taskmanager-2-1")).isEmpty();
        assertThat(at(91, BOTH, "taskmanager-2-1")).containsExactly("taskmanager-1-1");
    }

    @Test
    void oneThatRegistersAgainBeginsAgain() {
        assertThat(at(0, BOTH)).isEmpty();
        assertThat(at(80, BOTH, "taskmanager-1-1")).isEmpty();
        assertThat(at(100, BOTH, "taskmanager-2-1")).isEmpty();
        assertThat(at(189, BOTH, "taskmanager-2-1")).isEmpty();
        assertThat(at(191, BOTH, "taskmanager-2-1")).containsExactly("taskmanager-1-1");
    }

    @Test
    void oneThatWasStartedAgainIsAnother() {
        assertThat(at(0, BOTH, "taskmanager-2-1")).isEmpty();
        assertThat(at(100, List.of("taskmanager-1-2", "taskmanager-2-1"), "taskmanager-2-1"))
                .isEmpty();
    }

    @Test
    void whileTheJobManagerIsAwayNoneIsOverdue() {
        assertThat(at(0, BOTH)).isEmpty();
        unregistered.forget();
        assertThat(at(100, BOTH)).isEmpty();
        assertThat(at(191, BOTH)).containsExactlyElementsOf(BOTH);
    }
}
