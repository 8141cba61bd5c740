package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.job.demo.LocalBroker;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Jobs that could only fail, and what is said before they are submitted. */
@ExtendWith(SharedBroker.class)
@Timeout(180)
class SubmissionCheckIT {

    private static final String BUNDLES = "../inference/src/test/resources/bundles/";
    private static final String[] HASTY = {
        "--kafka.properties.default.api.timeout.ms=300", "--kafka.properties.request.timeout.ms=300"
    };

    @BeforeAll
    static void makeTopics(LocalBroker broker) throws InterruptedException {
        broker.createTopics(1, List.of("check-documents", "check-labelled", "check-dead-letters"));
    }

    static Stream<Wrong> wrongJobs() {
        return Stream.of(
                wrong(
                        "kafka.input-topics: the topic check-documets is not there; make it (docs/delivery.md says how), or mend"
                                + " its name",
                        "--kafka.input-topics=check-documents,check-documets"),
                wrong(
                        "kafka.labelled-topic: the topic labels is not there; make it (docs/delivery.md says how), or mend its"
                                + " name",
                        "--kafka.labelled-topic=labels"),
                wrong(
                        "kafka.dead-letter-topic: the topic letters is not there; make it (docs/delivery.md says how), or mend"
                                + " its name",
                        "--kafka.dead-letter-topic=letters"),
                wrong(
                        "kafka.transaction-timeout is 3600.0 s, but the brokers allow 900.0 s; lower it, or raise"
                                + " transaction.max.timeout.ms there",
                        "--kafka.transaction-timeout=1 h"),
                wrong(
                        "kafka.bootstrap-servers: no broker answers at 127.0.0.1:1: …; start one there, or mend the address",
                        "--kafka.bootstrap-servers=127.0.0.1:1",
                        HASTY[0],
                        HASTY[1]),
                wrong(
                        "kafka.properties.…: Kafka's client refuses them: Invalid value soon for configuration linger.ms: Not a"
                                + " number of type LONG",
                        "--kafka.properties.linger.ms=soon"),
                wrong(
                        "kafka.properties.…: Kafka's client refuses them: Must set acks to all in order to use the idempotent"
                                + " producer. Otherwise we cannot guarantee idempotence.",
                        "--kafka.properties.acks=1"),
                wrong(
                        "model.bundle: The model bundle …/tiny-choices cannot be used:\n  - its task is multiple-choice,"
                                + " expected document-classification or segment-classification; give the folder of a bundle"
                                + " that was exported from a checkpoint with such a head",
                        "--model.bundle=" + BUNDLES + "tiny-choices"));
    }

    record Wrong(String problem, List<String> flags) {
        @Override
        public String toString() {
            return problem;
        }
    }

    private static Wrong wrong(String problem, String... flags) {
        return new Wrong(problem, List.of(flags));
    }

    @ParameterizedTest
    @MethodSource("wrongJobs")
    void aJobThatCouldOnlyFailIsNotSubmitted(Wrong wrong, LocalBroker broker) {
        assertThatThrownBy(
                        () -> new SubmissionCheck(settings(broker, wrong.flags().toArray(String[]::new)), true).run())
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .matches(TroubleshootingPage.pattern("The job cannot run:\n  - " + wrong.problem()));
    }

    @Test
    void aJobThatCanRunIsSubmitted(LocalBroker broker) {
        assertThatCode(() -> new SubmissionCheck(settings(broker), true).run()).doesNotThrowAnyException();
    }

    @Test
    void aBundleThatNobodyHasSignedIsRefusedWhereAKeyIsGiven(LocalBroker broker, @TempDir Path folder)
            throws Exception {
        Path file = SignersKey.in(folder).file();

        assertThatThrownBy(() -> new SubmissionCheck(settings(broker, "--model.public-key=" + file), true).run())
                .hasMessageContaining("it is not signed: manifest.json.sig is missing, but a signature by the key");
    }

    @Test
    void whatThisMachineDoesNotSeeIsLeftToTheTasks(LocalBroker broker) {
        JobSettings settings = settings(
                broker, "--model.bundle=/nowhere", "--kafka.bootstrap-servers=127.0.0.1:1", HASTY[0], HASTY[1]);

        assertThatCode(() -> new SubmissionCheck(settings, false).run()).doesNotThrowAnyException();
        assertThatThrownBy(() -> new SubmissionCheck(settings, true).run())
                .hasMessageContaining("there is no such folder")
                .hasMessageContaining("no broker answers");
    }

    @Test
    void thePageOnTroublesExplainsThem() {
        TroubleshootingPage.assertExplains(
                "Starting the job", wrongJobs().map(wrong -> wrong.problem().replaceFirst("\n(?s).*", "")));
    }

    /** The last of two flags with one key counts. */
    private static JobSettings settings(LocalBroker broker, String... more) {
        Map<String, String> flags = new LinkedHashMap<>();
        Stream.concat(
                        Stream.of(
                                "--kafka.bootstrap-servers=" + broker.bootstrapServers(),
                                "--kafka.input-topics=check-documents",
                                "--kafka.labelled-topic=check-labelled",
                                "--kafka.dead-letter-topic=check-dead-letters",
                                "--model.bundle=" + BUNDLES + "tiny-segments"),
                        Stream.of(more))
                .forEach(flag -> flags.put(flag.split("=", 2)[0], flag));
        return JobSettings.read(flags.values().toArray(String[]::new), Map.of());
    }
}
