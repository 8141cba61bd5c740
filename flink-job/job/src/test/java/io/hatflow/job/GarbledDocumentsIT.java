package io.hatflow.job;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hatflow.broker.LocalBroker;
import io.hatflow.events.Coverage;
import io.hatflow.events.Label;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import io.hatflow.inference.Classification;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.job.JobRun.Answer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.testutils.InMemoryReporter;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The job with a language model: events say which documents are garbled, and where. */
@ExtendWith(SharedBroker.class)
@Timeout(300)
class GarbledDocumentsIT {

    private static final Path QUALITY = Path.of("../inference/src/test/resources/bundles/tiny-quality");
    private static final String CLEAN = "The parties agree that each of them shall pay its own costs. ".repeat(40);
    private static final InMemoryReporter METRICS = InMemoryReporter.createWithRetainedMetrics();

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setConfiguration(METRICS.addToConfiguration(new Configuration()))
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    private static String noise(int characters) {
        byte[] bytes = new byte[characters];
        new Random(5).nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes).substring(0, characters);
    }

    /** What each document is, by its id. */
    private static Map<String, String> texts() {
        return Map.of(
                "clean",
                CLEAN,
                "damaged",
                CLEAN.substring(0, 1_000) + noise(600) + CLEAN.substring(1_000),
                "noise",
                noise(3_000),
                "short",
                "We agree to pay.");
    }

    @Test
    void eventsSayWhatIsGarbledAndWhere(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "garbled");
        List<Sent> sent = new ArrayList<>();
        texts().forEach((id, text) -> sent.add(new Sent(0, id, Sent.encoded(id, text))));
        sent.add(new Sent(1, "empty", Sent.encoded("empty", " \n")));
        run.send(sent);

        JobClient job = run.start(run.settings("--kafka.until=caught-up", "--model.bundle=" + QUALITY), 2);
        JobRun.awaitEnd(job);

        run.assertExactlyOneAnswerForEveryRecord();
        List<Answer> answers = run.committed();
        assertThat(answers)
                .filteredOn(answer -> answer.deadLetter() != null)
                .singleElement()
                .satisfies(answer -> assertThat(answer.dead().getReason()).isEqualTo(Reason.EMPTY_TEXT));
        Map<String, LabelledDocument> events = answers.stream()
                .map(Answer::labelled)
                .filter(Objects::nonNull)
                .collect(Collectors.toMap(LabelledDocument::getDocumentId, Function.identity()));
        assertThat(present(events, "clean")).isEmpty();
        assertThat(present(events, "short")).isEmpty();
        assertThat(present(events, "damaged")).containsExactly("garbled-passage");
        assertThat(present(events, "noise")).containsExactly("garbled", "garbled-passage");
        assertThat(labels(events, "damaged").get(1).getEvidence()).isNotEmpty().allSatisfy(evidence -> {
            assertThat(evidence.getStart()).isGreaterThanOrEqualTo(1_000);
            assertThat(evidence.getEnd()).isLessThanOrEqualTo(1_600);
            assertThat(evidence.getScore()).isGreaterThan(2);
            assertThat(evidence.getBitsPerByte()).isGreaterThan(8);
        });
        var sampled = answer(events, "damaged");
        assertThat(sampled.getCoverage()).isEqualTo(Coverage.SAMPLED);
        assertThat(sampled.getBitsPerByte()).isBetween(4f, 8f);
        assertThat(sampled.getTokensTotal()).isEqualTo(CLEAN.length() + 600);
        assertThat(sampled.getTokensSeen()).isBetween(sampled.getTokensTotal() / 2, sampled.getTokensTotal() * 6 / 10);
        assertThat(counted(job, "\\.sampled$")).isEqualTo(3);
        assertThat(counted(job, "\\.bitsPerByteHundredths_count$")).isEqualTo(4);
        assertThat(counted(job, "\\.garbled\\.assigned$")).isEqualTo(1);
        assertThat(counted(job, "\\.garbled-passage\\.assigned$")).isEqualTo(2);
        assertScoredAsWithoutFlink(events);
        run.assertNothingIsLeftOpen();
    }

    private static long counted(JobClient job, String pattern) {
        return METRICS.findMetrics(job.getJobID(), pattern).values().stream()
                .mapToLong(metric -> ((Counter) metric).getCount())
                .sum();
    }

    private static List<Label> labels(Map<String, LabelledDocument> events, String id) {
        return answer(events, id).getLabels();
    }

    private static io.hatflow.events.Answer answer(Map<String, LabelledDocument> events, String id) {
        return requireNonNull(events.get(id)).getAnswers().get(0);
    }

    private static List<String> present(Map<String, LabelledDocument> events, String id) {
        return labels(events, id).stream()
                .filter(Label::getAboveThreshold)
                .map(Label::getName)
                .toList();
    }

    private static void assertScoredAsWithoutFlink(Map<String, LabelledDocument> events) throws Exception {
        try (DocumentClassifier classifier = DocumentClassifier.open(QUALITY, ClassifierSettings.defaults())) {
            for (Map.Entry<String, String> text : texts().entrySet()) {
                Classification alone =
                        (Classification) classifier.classify(text.getValue()).get();
                List<Label> given = labels(events, text.getKey());
                for (int i = 0; i < given.size(); i++) {
                    LabelScore expected = alone.labels().get(i);
                    assertThat(given.get(i).getName()).isEqualTo(expected.label());
                    assertThat(given.get(i).getScore()).isCloseTo(expected.score(), within(1e-4f));
                    assertThat(given.get(i).getEvidence())
                            .extracting(evidence -> evidence.getStart())
                            .containsExactlyElementsOf(expected.evidence().stream()
                                    .map(evidence -> evidence.start())
                                    .toList());
                }
            }
        }
    }
}
