package io.hatflow.job;

import static java.util.Objects.requireNonNull;
import static org.apache.kafka.common.IsolationLevel.READ_COMMITTED;
import static org.apache.kafka.common.IsolationLevel.READ_UNCOMMITTED;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import io.hatflow.job.JobRun.Answer;
import io.hatflow.job.format.AvroBytes;
import io.hatflow.job.registry.SchemaRegistry;
import io.hatflow.registry.LocalRegistry;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The job reads a topic in Confluent's Avro for a long time: its writers change their schema, and its registry goes away. */
@ExtendWith({SharedBroker.class, SharedRegistry.class})
@Timeout(300)
class ConfluentAvroIT {

    private static final String BODY = "The parties agree to pay within thirty days of notice.";

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    private static final String FIRST_FIELDS =
            "{'name': 'caseNumber', 'type': 'long'}, {'name': 'subject', 'type': ['null', 'string'], 'default': null},";
    private static final String LANGUAGE = "{'name': 'language', 'type': 'string', 'default': 'en'},";
    private static final String COURT = "{'name': 'court', 'type': 'string', 'default': 'none'},";
    private static final String BODY_FIELD = "{'name': 'body', 'type': ['string', 'null']}";

    private static final Schema FIRST = filing(FIRST_FIELDS + LANGUAGE + BODY_FIELD);
    private static final Schema WITH_COURT = filing(FIRST_FIELDS + COURT + LANGUAGE + BODY_FIELD);
    private static final Schema WITHOUT_LANGUAGE = filing(FIRST_FIELDS + COURT + BODY_FIELD);

    private static Schema filing(String payload) {
        return AvroBytes.schema("{'type': 'record', 'name': 'Filing', 'fields': [{'name': 'payload', 'type':"
                + " {'type': 'record', 'name': 'Payload', 'fields': [" + payload + "]}}]}");
    }

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        JobRun.cancelAll(flink);
    }

    private static JobSettings settings(JobRun run, LocalRegistry registry, String... more) {
        Stream<String> own = Stream.of(
                "--document.format=confluent-avro",
                "--document.text=payload.subject,payload.body",
                "--document.id=payload.caseNumber",
                "--document.title=payload.subject",
                "--document.metadata=payload.language,payload.court",
                "--checkpoint.interval=300 ms",
                "--dead-letters.max-ratio=off");
        return run.settings(Stream.of(own, SharedRegistry.flags(registry).stream(), Stream.of(more))
                .flatMap(flags -> flags)
                .toArray(String[]::new));
    }

    /** Registers the next version of what is in the input topic; the registry itself holds it to the earlier ones. */
    private static int register(JobRun run, LocalRegistry registry, Schema schema) throws Exception {
        String subject = run.inputTopic() + "-value";
        registry.setCompatibility(subject, "FULL_TRANSITIVE");
        SchemaRegistry client = SharedRegistry.client(registry);
        assertThat(client.incompatibility(subject, schema)).isEmpty();
        return client.register(subject, schema);
    }

    private static byte[] value(int id, Schema schema, long number, @Nullable String subject, @Nullable String body) {
        Map<String, @Nullable Object> fields = new HashMap<>(Map.of("language", "de", "court", "District"));
        fields.keySet().removeIf(field -> payload(schema).getField(field) == null);
        fields.put("caseNumber", number);
        fields.put("subject", subject);
        fields.put("body", body);
        return AvroBytes.afterId(
                id, AvroBytes.encoded(schema, Map.of("payload", AvroBytes.record(payload(schema), fields))));
    }

    private static Schema payload(Schema schema) {
        return schema.getField("payload").schema();
    }

    private static Sent fine(int partition, int id, Schema schema, long number) {
        return new Sent(partition, "k" + number, value(id, schema, number, "Lease", BODY));
    }

    private static void assertLabelled(Map<String, Answer> answers, long number, String text, String... metadata)
            throws Exception {
        LabelledDocument event = requireNonNull(
                requireNonNull(answers.get("k" + number), "an answer to k" + number)
                        .labelled(),
                "a labelled document for k" + number);
        assertThat(event.getDocumentId()).isEqualTo(Long.toString(number));
        assertThat(event.getMetadata().values()).containsExactlyInAnyOrder(metadata);
        OwnRecordsIT.assertScoredLike(event, text);
    }

    private static void assertRefused(Map<String, Answer> answers, String key, Reason reason) {
        assertThat(requireNonNull(answers.get(key), "an answer to " + key)
                        .dead()
                        .getReason())
                .as(key)
                .isEqualTo(reason);
    }

    /** What was answered to each record, by its key. */
    private static Map<String, Answer> byKey(JobRun run) throws Exception {
        run.assertExactlyOneAnswerForEveryRecord();
        Map<String, Answer> answers = new HashMap<>();
        for (Answer answer : run.committed()) {
            answers.put(requireNonNull(run.sent().get(answer.place())).key(), answer);
        }
        return answers;
    }

    private static void awaitAllAnswers(JobRun run) {
        run.await(READ_COMMITTED, answers -> answers.size() >= run.sent().size());
    }

    @Test
    void writersChangeTheirSchemaWhileTheJobRuns(LocalBroker broker, LocalRegistry registry, @TempDir Path savepoints)
            throws Exception {
        JobRun run = new JobRun(broker, "evolving");
        run.readWith(SharedRegistry.client(registry));
        int first = register(run, registry, FIRST);
        JobClient job = run.start(settings(run, registry, "--events.format=confluent-avro"), 2);
        byte[] whole = value(first, FIRST, 2, "Lease", BODY);
        run.send(List.of(
                fine(0, first, FIRST, 1),
                new Sent(0, "unknown", value(987_654, FIRST, 2, "Lease", BODY)),
                new Sent(0, "cut off", Arrays.copyOf(whole, whole.length - 3)),
                new Sent(0, "longer", Arrays.copyOf(whole, whole.length + 2)),
                new Sent(0, "without", value(first, FIRST, 3, null, null)),
                new Sent(0, "k4", value(first, FIRST, 4, null, BODY))));
        awaitAllAnswers(run);

        int second = register(run, registry, WITH_COURT);
        run.send(List.of(fine(0, second, WITH_COURT, 5), fine(1, first, FIRST, 6)));
        awaitAllAnswers(run);

        int third = register(run, registry, WITHOUT_LANGUAGE);
        run.send(
                List.of(fine(1, third, WITHOUT_LANGUAGE, 7), fine(1, second, WITH_COURT, 8), fine(1, first, FIRST, 9)));
        awaitAllAnswers(run);
        JobRun.stop(job, savepoints);

        Map<String, Answer> answers = byKey(run);
        String both = "Lease\n\n" + BODY;
        assertLabelled(answers, 1, both, "de");
        assertLabelled(answers, 4, BODY, "de");
        assertLabelled(answers, 5, both, "de", "District");
        assertLabelled(answers, 6, both, "de");
        assertLabelled(answers, 7, both, "District");
        assertLabelled(answers, 8, both, "de", "District");
        assertLabelled(answers, 9, both, "de");
        assertRefused(answers, "unknown", Reason.UNKNOWN_SCHEMA);
        assertRefused(answers, "cut off", Reason.MALFORMED_DOCUMENT);
        assertRefused(answers, "longer", Reason.MALFORMED_DOCUMENT);
        assertRefused(answers, "without", Reason.MISSING_FIELD);
        assertThat(answers.values())
                .allSatisfy(answer -> assertThat(answer.record().value()[0]).isZero());
    }

    /** Waits until the job asks for a schema at the place of a registry that is gone, and hangs up on it. */
    private static void awaitQuestions(ServerSocket inItsPlace, int questions) throws Exception {
        for (int i = 0; i < questions; i++) {
            inItsPlace.accept().close();
        }
    }

    @Test
    void anOutageIsBlamedOnNoRecord(
            LocalBroker broker, LocalRegistry registry, @InjectMiniCluster MiniCluster flink, @TempDir Path savepoints)
            throws Exception {
        JobRun run = new JobRun(broker, "registry-away");
        int first = register(run, registry, FIRST);
        int second = register(run, registry, WITH_COURT);
        JobClient job = run.start(settings(run, registry), 2);
        run.send(List.of(fine(0, first, FIRST, 1), fine(1, first, FIRST, 2)));
        awaitAllAnswers(run);

        registry.kill();
        try (ServerSocket inItsPlace =
                new ServerSocket(URI.create(registry.url()).getPort(), 50, InetAddress.getLoopbackAddress())) {
            inItsPlace.setSoTimeout((int) JobRun.LIMIT.toMillis());
            run.send(List.of(
                    fine(0, second, WITH_COURT, 3),
                    new Sent(0, "unknown", value(987_655, FIRST, 4, "Lease", BODY)),
                    fine(1, first, FIRST, 5),
                    fine(1, second, WITH_COURT, 6)));
            awaitQuestions(inItsPlace, 3);
            // The tasks end while they wait, and those that take their place know no schema at all. Of the questions
            // that
            // follow, each of the two old ones may have left one behind.
            flink.terminateTaskManager(0).get();
            flink.startTaskManager();
            awaitQuestions(inItsPlace, 3);
            assertThat(run.answers(READ_UNCOMMITTED))
                    .allSatisfy(answer -> assertThat(answer.deadLetter()).isNull());
        }
        registry.restart();

        awaitAllAnswers(run);
        JobRun.stop(job, savepoints);
        Map<String, Answer> answers = byKey(run);
        String both = "Lease\n\n" + BODY;
        assertLabelled(answers, 3, both, "de", "District");
        assertLabelled(answers, 5, both, "de");
        assertLabelled(answers, 6, both, "de", "District");
        assertRefused(answers, "unknown", Reason.UNKNOWN_SCHEMA);
    }
}
