package io.hatflow.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.chaos.Script.Ended;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A short form of {@code deploy/hatflow chaos}; the long ones are for people, see docs/reliability.md. */
@Timeout(900)
class ChaosIT {

    /**
     * In one run, as half of such a test is the start and the end of its cluster; the other form, with faults that spare processes, is
     * {@link SoakIT}'s. Without a change of parallelism, the order of each key is checked, too.
     */
    @Test
    void nothingIsLostDoubledOrWrongWhileProcessesAndTheRegistryDie() throws Exception {
        Ended ended = chaos(
                "--format",
                "confluent-avro",
                "--seconds",
                // The three faults take longer, and no fourth follows.
                "1",
                "--seed",
                "5",
                "--faults",
                "REGISTRY_KILLED,BROKER_KILLED,KILLER_DOCUMENT");
        assertHolds(ended);
        assertThat(ended.said())
                .contains("1 dead INFERENCE QUARANTINED", "dead DECODE MISSING_FIELD", "dead DECODE UNKNOWN_SCHEMA")
                .containsPattern("REGISTRY_KILLED +the registry")
                // With each fault another one, beside that of the beginning.
                .contains(" by 4 versions of their schema");
    }

    private static Ended chaos(String... words) throws Exception {
        Ended ended = Script.run(Script.of("chaos", words), Duration.ofMinutes(10));
        System.out.println(ended.said());
        return ended;
    }

    private static void assertHolds(Ended ended) {
        assertThat(ended.lastLine())
                .matches("documents=[1-9]\\d* labelled=[1-9]\\d* dead_lettered=[1-9]\\d* lost=0 duplicated=0 wrong=0"
                        + " faults=3 max_recovery_s=\\d+\\.\\d");
        assertThat(ended.code()).isZero();
    }
}
