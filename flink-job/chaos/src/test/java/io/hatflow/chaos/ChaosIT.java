package io.hatflow.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.chaos.Script.Ended;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Short forms of {@code deploy/hatflow chaos}; the long ones are for people, see docs/reliability.md. */
@Timeout(900)
class ChaosIT {

    @Test
    void nothingIsLostDoubledOrWrongWhileProcessesDie() throws Exception {
        assertHolds(chaos("--seconds", "60", "--seed", "20261122"));
    }

    /** Without a change of parallelism, the order of each key is checked too. */
    @Test
    void whatBringsProcessesDownEndsInQuarantine() throws Exception {
        Ended ended = chaos("--seconds", "30", "--seed", "7", "--faults", "KILLER_DOCUMENT");
        assertHolds(ended);
        assertThat(ended.said()).contains("1 dead INFERENCE QUARANTINED");
    }

    private static Ended chaos(String... words) throws Exception {
        Ended ended = Script.run(Script.of("chaos", words), Duration.ofMinutes(10));
        System.out.println(ended.said());
        return ended;
    }

    private static void assertHolds(Ended ended) {
        assertThat(ended.lastLine())
                .matches("documents=[1-9]\\d* labelled=[1-9]\\d* dead_lettered=[1-9]\\d* lost=0 duplicated=0 wrong=0"
                        + " faults=[1-9]\\d* max_recovery_s=\\d+\\.\\d");
        assertThat(ended.code()).isZero();
    }
}
