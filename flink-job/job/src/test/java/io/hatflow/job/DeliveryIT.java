package io.hatflow.job;

import static io.hatflow.job.JobRun.utf8;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.Label;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import io.hatflow.inference.Classification;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.job.JobRun.Answer;
import io.hatflow.job.JobRun.Place;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.testutils.InMemoryReporter;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What the job answers to documents and to everything else that a topic may hold, on two slots with a real broker. */
@ExtendWith(SharedBroker.class)
@Timeout(300)
class DeliveryIT {

    private static final InMemoryReporter METRICS = InMemoryReporter.createWithRetainedMetrics();

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setConfiguration(METRICS.addToConfiguration(new Configuration()))
            .setNumberTaskManagers(2)
            .setNumberSlotsPerTaskManager(1)
            .build());

    /** A value that is no document, or none that can be classified. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Poison(Reason reason, byte @Nullable [] value) {}

    private static List<Poison> everyPoison() {
        byte[] whole = Sent.encoded("whole", "A whole document.");
        byte[] unknownSchema = whole.clone();
        unknownSchema[5] ^= 0x55;
        byte[] notUtf8 = whole.clone();
        notUtf8[notUtf8.length - 8] = (byte) 0x80;
        return List.of(
                new Poison(Reason.NULL_VALUE, null),
                new Poison(Reason.NOT_AVRO, new byte[0]),
                new Poison(Reason.NOT_AVRO, utf8("{\"id\": \"json\"}")),
                new Poison(Reason.UNKNOWN_SCHEMA, unknownSchema),
                new Poison(Reason.MALFORMED_DOCUMENT, Arrays.copyOf(whole, whole.length - 5)),
                new Poison(Reason.MALFORMED_DOCUMENT, Arrays.copyOf(whole, whole.length + 1)),
                new Poison(Reason.MALFORMED_DOCUMENT, notUtf8),
                new Poison(Reason.INVALID_ID, Sent.encoded(" ", "Its text is fine.")),
                new Poison(Reason.EMPTY_TEXT, Sent.encoded("empty", " \n\t")),
                new Poison(Reason.TEXT_TOO_LONG, Sent.encoded("long", "long ".repeat(1000))));
    }

    /** Documents by two versions of the schema, two of them with one id, and poison in between. */
    private static List<Sent> mixed(Schema firstVersion, List<Poison> poison) {
        List<Sent> mixed = new ArrayList<>();
        for (Sent document : Sent.documents(0, 270, JobRun.PARTITIONS)) {
            int i = mixed.size();
            String key = i % 11 == 0 ? null : document.key();
            byte @Nullable [] value = document.value();
            if (i % 9 == 4) {
                value = poison.get(i / 9 % poison.size()).value();
            } else if (i % 2 == 0) {
                value = Sent.encoded(firstVersion, "old-" + i, Sent.text(i));
            }
            mixed.add(new Sent(document.partition(), key, value));
        }
        mixed.add(new Sent(0, "again", Sent.encoded("again", "The first text under this id.")));
        mixed.add(new Sent(1, "again", Sent.encoded("again", "Another text under the same id.")));
        mixed.add(new Sent(1, "again", Sent.encoded("again", "Another text under the same id.")));
        return mixed;
    }

    @Test
    void everyRecordHasOneAnswerWhateverItHolds(LocalBroker broker, @TempDir Path schemas) throws Exception {
        Path firstVersion = Files.copy(
                Path.of("../../schemas/src/test/resources/history/Document-1.avsc"),
                schemas.resolve("Document-1.avsc"));
        List<Poison> poison = everyPoison();
        JobRun run = new JobRun(broker, "delivery");
        run.send(mixed(new Schema.Parser().parse(Files.readString(firstVersion)), poison));

        JobClient job = run.start(
                run.settings(
                        "--kafka.until=caught-up",
                        "--document.writer-schemas=" + schemas,
                        "--model.max-characters=4000",
                        "--checkpoint.interval=300 ms"),
                2);
        JobRun.awaitEnd(job);

        run.assertExactlyOneAnswerForEveryRecord();
        List<Answer> answers = run.committed();
        for (Answer answer : answers) {
            Sent sent = sentFor(run, answer);
            if (answer.deadLetter() != null) {
                assertReturned(answer, sent, reason(poison, sent.value()), run.inputTopic());
            }
        }
        assertThat(answers.stream().filter(answer -> answer.deadLetter() != null))
                .hasSize(30);
        assertLabelledAsWithoutFlink(run, answers);
        assertOrderOfEveryKey(answers);
        assertCounted(job, "received", answers.size());
        assertCounted(job, "labelled", answers.size() - 30);
        assertCounted(job, "rejected", 30);
        run.assertNothingIsLeftOpen();
    }

    @Test
    void aDocumentBeyondTheModelsLengthComesBackWholeWhereTheJobIsToldSo(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "too-long");
        Sent tooLong = new Sent(0, "long", Sent.encoded("long", "The parties agree. ".repeat(200)));
        run.send(List.of(tooLong, Sent.documents(0, 1, JobRun.PARTITIONS).get(0)));

        JobRun.awaitEnd(run.start(run.settings("--kafka.until=caught-up", "--model.long-documents=reject"), 2));

        run.assertExactlyOneAnswerForEveryRecord();
        List<Answer> dead = run.committed().stream()
                .filter(answer -> answer.deadLetter() != null)
                .toList();
        assertThat(dead).hasSize(1);
        assertReturned(dead.get(0), tooLong, Reason.TOO_MANY_SEGMENTS, run.inputTopic());
    }

    /** Of which trace a record is, as its headers say, and what its event or its dead letter says of it. */
    private record Traced(String name, List<Header> sent, List<String> expected) {}

    private static List<Traced> traced() {
        Header parent = Sent.header("traceparent", Sent.traceparent(1));
        Header state = Sent.header("tracestate", "a=1,b=2");
        Header manyMembers =
                Sent.header("tracestate", String.join(",", Collections.nCopies(32, "key=" + "v".repeat(256))));
        return List.of(
                new Traced("both", List.of(parent, state), Sent.trace(List.of(parent, state))),
                new Traced(
                        "twice",
                        List.of(
                                state,
                                parent,
                                Sent.header("tracestate", "c=3"),
                                Sent.header("traceparent", Sent.traceparent(2))),
                        Sent.trace(List.of(parent, state))),
                new Traced("long", List.of(parent, manyMembers), Sent.trace(List.of(parent, manyMembers))),
                new Traced(
                        "too-long",
                        List.of(parent, Sent.header("tracestate", "key=" + "v".repeat(10_000))),
                        Sent.trace(List.of(parent))),
                new Traced("no-parent", List.of(state), List.of()),
                new Traced(
                        "not-utf8",
                        List.of(new RecordHeader("traceparent", new byte[] {(byte) 0xC3, 0x28}), state),
                        List.of()));
    }

    @Test
    void anEventBelongsToTheTraceOfItsRecordAndADeadLetterHasItsHeaders(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "traced");
        for (Traced each : traced()) {
            run.send(List.of(
                    new Sent(0, each.name(), Sent.encoded(each.name(), Sent.text(1)), each.sent()),
                    new Sent(1, each.name(), null, each.sent())));
        }

        JobRun.awaitEnd(run.start(run.settings("--kafka.until=caught-up", "--dead-letters.max-ratio=off"), 2));

        List<Answer> answers = run.committed();
        assertThat(answers).hasSize(2 * traced().size());
        for (Traced each : traced()) {
            assertThat(answers)
                    .filteredOn(
                            answer -> each.name().equals(sentFor(run, answer).key()))
                    .hasSize(2)
                    .allSatisfy(answer -> assertThat(Sent.trace(answer.record().headers()))
                            .as(answer + ", " + each.name())
                            .isEqualTo(answer.labelled() != null ? each.expected() : Sent.trace(each.sent())));
        }
    }

    private static Sent sentFor(JobRun run, Answer answer) {
        Sent sent = run.sent().get(answer.place());
        assertThat(sent).as("what was sent to %s", answer.place()).isNotNull();
        return sent;
    }

    /** By identity: each poisoned record holds the very array. */
    private static Reason reason(List<Poison> poison, byte @Nullable [] value) {
        return poison.stream()
                .filter(each -> each.value() == value)
                .findFirst()
                .orElseThrow(() -> new AssertionError("A good document was rejected"))
                .reason();
    }

    private static void assertReturned(Answer answer, Sent sent, Reason reason, String topic) {
        DeadLetter event = answer.dead();
        Place place = answer.place();
        assertThat(event.getReason()).as("reason at %s", place).isEqualTo(reason);
        assertThat(event.getValue()).isEqualTo(buffer(sent.value()));
        assertThat(event.getKey()).isEqualTo(buffer(sent.keyBytes()));
        assertThat(event.getHeaders()).isEqualTo(sent.headersInDeadLetter());
        assertThat(answer.record().key()).isEqualTo(sent.keyBytes());
        Headers headers = answer.record().headers();
        assertThat(headers.headers("trace"))
                .extracting(header -> header.value())
                .containsExactly(new byte[] {1, 2}, null);
        assertThat(connect(headers, "topic")).isEqualTo(topic);
        assertThat(connect(headers, "partition")).isEqualTo(Integer.toString(place.partition()));
        assertThat(connect(headers, "offset")).isEqualTo(Long.toString(place.offset()));
        assertThat(connect(headers, "stage")).isEqualTo(event.getStage().name());
        assertThat(connect(headers, "exception.class.name")).endsWith(reason.name());
        assertThat(connect(headers, "exception.message"))
                .isEqualTo(event.getMessage())
                .isNotBlank();
    }

    private static String connect(Headers headers, String name) {
        return new String(headers.lastHeader("__connect.errors." + name).value(), StandardCharsets.UTF_8);
    }

    private static @Nullable ByteBuffer buffer(byte @Nullable [] bytes) {
        return bytes == null ? null : ByteBuffer.wrap(bytes);
    }

    private static void assertLabelledAsWithoutFlink(JobRun run, List<Answer> answers) throws Exception {
        try (DocumentClassifier classifier = DocumentClassifier.open(JobRun.BUNDLE, ClassifierSettings.defaults())) {
            for (Answer answer : answers) {
                LabelledDocument event = answer.labelled();
                if (event == null) {
                    continue;
                }
                Sent sent = sentFor(run, answer);
                String text = event.getDocumentId().equals("again")
                        ? Document.getDecoder().decode(sent.value()).getText()
                        : Sent.text(Integer.parseInt(event.getDocumentId().replaceAll("\\D", "")));
                Classification alone =
                        (Classification) classifier.classify(text).get();
                assertThat(event.getAnswers()).hasSize(1);
                var given = event.getAnswers().get(0);
                assertThat(given.getLabels()).hasSameSizeAs(alone.labels());
                for (int i = 0; i < alone.labels().size(); i++) {
                    assertSame(given.getLabels().get(i), alone.labels().get(i));
                }
                assertThat(given.getSegments()).isEqualTo(alone.segments());
                assertThat(given.getTokensTotal()).isEqualTo(alone.tokensTotal());
                assertThat(answer.record().key())
                        .isEqualTo(sent.key() == null ? utf8(event.getDocumentId()) : sent.keyBytes());
            }
        }
    }

    private static void assertSame(Label event, LabelScore alone) {
        assertThat(event.getName()).isEqualTo(alone.label());
        assertThat(event.getScore()).isEqualTo(alone.score());
        assertThat(event.getAboveThreshold()).isEqualTo(alone.aboveThreshold());
        assertThat(event.getEvidence())
                .extracting(evidence -> evidence.getStart())
                .containsExactlyElementsOf(alone.evidence().stream()
                        .map(evidence -> evidence.start())
                        .toList());
    }

    /** Within each topic; documents of one key come from one partition, and go to one. */
    private static void assertOrderOfEveryKey(List<Answer> answers) {
        Map<String, List<Answer>> byTopicKeyAndSource = answers.stream()
                .filter(answer -> answer.provenance().getKey() != null)
                .collect(groupingBy(answer -> answer.record().topic() + " "
                        + new String(answer.record().key(), StandardCharsets.UTF_8) + " "
                        + answer.place().partition()));
        byTopicKeyAndSource.forEach((key, sameKey) -> {
            assertThat(sameKey)
                    .as(key)
                    .extracting(answer -> answer.record().partition())
                    .containsOnly(sameKey.get(0).record().partition());
            assertThat(sameKey.stream()
                            .sorted(Comparator.comparingLong(
                                    answer -> answer.record().offset()))
                            .map(answer -> answer.place().offset()))
                    .as(key)
                    .isSorted();
        });
        assertThat(byTopicKeyAndSource).hasSizeGreaterThan(20);
    }

    private static void assertCounted(JobClient job, String counter, int expected) {
        assertThat(METRICS.findMetrics(job.getJobID(), "\\." + counter + "$").values().stream()
                        .mapToLong(metric -> ((Counter) metric).getCount())
                        .sum())
                .as(counter)
                .isEqualTo(expected);
    }
}
