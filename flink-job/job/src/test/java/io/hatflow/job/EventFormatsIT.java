package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SpecificationVersion;
import io.hatflow.broker.LocalBroker;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.job.registry.RegistryException;
import io.hatflow.registry.LocalRegistry;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.ExceptionUtils;
import org.apache.kafka.tools.consumer.ConsoleConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Events as others read them: written by the real job, registered in a real registry, read by clients that nobody here has written. */
@ExtendWith({SharedBroker.class, SharedRegistry.class})
@Timeout(300)
class EventFormatsIT {

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        JobRun.cancelAll(flink);
    }

    /** Documents, and some values that are none. */
    private static JobRun run(LocalBroker broker, String name) throws Exception {
        JobRun run = new JobRun(broker, name);
        List<Sent> records = new ArrayList<>(Sent.documents(0, 30, JobRun.PARTITIONS));
        records.add(new Sent(0, "none", null));
        records.add(new Sent(1, null, JobRun.utf8("{\"id\": \"json\"}")));
        records.add(new Sent(2, "blank", Sent.encoded(" ", "Its text is fine.")));
        run.send(records);
        return run;
    }

    private static String[] flags(LocalRegistry registry, String... more) {
        Stream<String> all = Stream.of(
                        Stream.of(
                                "--kafka.until=caught-up",
                                "--checkpoint.interval=300 ms",
                                "--dead-letters.max-ratio=off"),
                        SharedRegistry.flags(registry).stream(),
                        Stream.of(more))
                .flatMap(each -> each);
        return all.toArray(String[]::new);
    }

    /** A program that uses Confluent's client of the registry. */
    private static List<JsonNode> confluent(
            String program, LocalBroker broker, LocalRegistry registry, String topic, String... more) throws Exception {
        Stream<String> arguments = Stream.of(
                broker.bootstrapServers(),
                topic,
                registry.url(),
                registry.certificate().toString(),
                SharedRegistry.login());
        return PythonClient.run(
                program, Stream.concat(arguments, Stream.of(more)).toArray(String[]::new));
    }

    private static List<JsonNode> readByConfluent(LocalBroker broker, LocalRegistry registry, String topic)
            throws Exception {
        return confluent("read_avro.py", broker, registry, topic);
    }

    /** Every record has one answer, by what a reader says that the two topics hold. */
    private static void assertAnswers(JobRun run, List<JsonNode> labelled, List<JsonNode> deadLetters) {
        assertThat(labelled).hasSize(30);
        assertThat(labelled)
                .extracting(each -> each.get("document_id").asText())
                .contains("d0", "d29");
        assertThat(labelled).allSatisfy(each -> assertThat(
                        each.at("/answers/0/labels/0/score").isNumber())
                .isTrue());
        assertThat(Stream.concat(labelled.stream(), deadLetters.stream()).map(EventFormatsIT::place))
                .containsExactlyInAnyOrderElementsOf(run.sent().keySet());
        assertThat(deadLetters)
                .extracting(EventFormatsIT::content)
                .containsExactlyInAnyOrder(
                        "NULL_VALUE bm9uZQ== null",
                        "NOT_AVRO null eyJpZCI6ICJqc29uIn0=",
                        "INVALID_ID Ymxhbms= " + base64(Sent.encoded(" ", "Its text is fine.")));
    }

    /** Reason, key and value of a dead letter. */
    private static String content(JsonNode deadLetter) {
        return Stream.of("reason", "key", "value")
                .map(field -> deadLetter.path(field).asText())
                .collect(Collectors.joining(" "));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static JobRun.Place place(JsonNode event) {
        return new JobRun.Place(
                event.at("/provenance/partition").asInt(),
                event.at("/provenance/offset").asLong());
    }

    @Test
    void confluentsClientReadsLabelledDocumentsAndDeadLetters(LocalBroker broker, LocalRegistry registry)
            throws Exception {
        JobRun run = run(broker, "registered");

        JobRun.awaitEnd(run.start(run.settings(flags(registry, "--events.format=confluent-avro")), 2));

        assertAnswers(
                run,
                readByConfluent(broker, registry, run.labelledTopic()),
                readByConfluent(broker, registry, run.deadLetterTopic()));
        run.readWith(SharedRegistry.client(registry));
        run.assertExactlyOneAnswerForEveryRecord();
        assertThat(SharedRegistry.client(registry).latest(run.labelledTopic() + "-value"))
                .hasValueSatisfying(schema -> assertThat(schema.getFullName())
                        .isEqualTo(LabelledDocument.getClassSchema().getFullName()));
    }

    /** A producer and a consumer that know nothing of the job but its settings and its schemas. */
    @Test
    void whatConfluentsClientWritesItReadsLabelled(LocalBroker broker, LocalRegistry registry) throws Exception {
        JobRun run = new JobRun(broker, "letters");
        confluent("write_avro.py", broker, registry, run.inputTopic(), "20");

        JobRun.awaitEnd(run.start(
                run.settings(flags(
                        registry,
                        "--document.format=confluent-avro",
                        "--document.text=payload.body",
                        "--document.id=payload.caseNumber",
                        "--document.metadata=payload.language",
                        "--events.format=confluent-avro")),
                2));

        List<JsonNode> labelled = readByConfluent(broker, registry, run.labelledTopic());
        assertThat(labelled)
                .extracting(each -> each.get("document_id").asText())
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 20).mapToObj(Integer::toString).toList());
        assertThat(labelled).allSatisfy(each -> {
            assertThat(each.at("/metadata/payload.language").asText()).isEqualTo("en");
            assertThat(each.at("/answers/0/labels").size()).isPositive();
            assertThat(new String(
                            Base64.getDecoder()
                                    .decode(each.at("/provenance/key").asText()),
                            StandardCharsets.UTF_8))
                    .isEqualTo("key-" + each.get("document_id").asText());
        });
        assertThat(readByConfluent(broker, registry, run.deadLetterTopic())).isEmpty();
    }

    @Test
    void subjectsFollowTheStrategy(LocalBroker broker, LocalRegistry registry) throws Exception {
        JobRun run = run(broker, "by-record");

        JobRun.awaitEnd(run.start(
                run.settings(
                        flags(registry, "--events.format=confluent-avro", "--registry.subject-name-strategy=record")),
                1));

        assertAnswers(
                run,
                readByConfluent(broker, registry, run.labelledTopic()),
                readByConfluent(broker, registry, run.deadLetterTopic()));
        assertThat(SharedRegistry.client(registry).latest("io.hatflow.events.DeadLetter"))
                .isPresent();
        assertThat(SharedRegistry.client(registry).latest(run.deadLetterTopic() + "-value"))
                .isEmpty();
    }

    @Test
    void whoeverKnowsJsonReadsTheJsonForm(LocalBroker broker, LocalRegistry registry) throws Exception {
        JobRun run = run(broker, "as-json");

        JobRun.awaitEnd(run.start(run.settings(flags(registry, "--events.format=json")), 2));

        List<JsonNode> labelled = PythonClient.run("read_json.py", broker.bootstrapServers(), run.labelledTopic());
        List<JsonNode> deadLetters = PythonClient.run("read_json.py", broker.bootstrapServers(), run.deadLetterTopic());
        assertAnswers(run, labelled, deadLetters);
        assertFollow("labelled-document", labelled);
        assertFollow("dead-letter", deadLetters);
        assertThat(printedByKafkasConsole(broker, run.labelledTopic(), 30))
                .containsExactlyInAnyOrderElementsOf(labelled);
        assertThat(printedByKafkasConsole(broker, run.deadLetterTopic(), 3))
                .containsExactlyInAnyOrderElementsOf(deadLetters);
        run.assertExactlyOneAnswerForEveryRecord();
    }

    /** What Kafka's own console consumer shows of a topic: the values of its records, a line each. */
    private static List<JsonNode> printedByKafkasConsole(LocalBroker broker, String topic, int records)
            throws Exception {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                ConsoleConsumer.class.getName(),
                "--bootstrap-server=" + broker.bootstrapServers(),
                "--topic=" + topic,
                "--from-beginning",
                "--isolation-level=read_committed",
                "--max-messages=" + records,
                "--timeout-ms=" + JobRun.LIMIT.toMillis());
        return ForeignProgram.run(command, Map.of("CLASSPATH", System.getProperty("java.class.path")));
    }

    private static void assertFollow(String schema, List<JsonNode> events) throws Exception {
        try (InputStream file = Objects.requireNonNull(
                DeadLetter.class.getResourceAsStream("/io/hatflow/schemas/" + schema + ".schema.json"))) {
            var published = com.networknt.schema.SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                    .getSchema(file);
            assertThat(events).allSatisfy(event -> assertThat(published.validate(event.toString(), InputFormat.JSON))
                    .isEmpty());
        }
    }

    /** What a job failed with, for good and though it may restart twenty times. */
    private static String refusal(JobClient job) {
        Throwable failure = catchThrowable(() -> JobRun.awaitEnd(job));
        ClassLoader classes = EventFormatsIT.class.getClassLoader();
        assertThat(failure).isNotNull();
        assertThat(ExceptionUtils.findThrowableSerializedAware(failure, SuppressRestartsException.class, classes))
                .as(ExceptionUtils.stringifyException(failure))
                .isPresent();
        assertThat(ExceptionUtils.stringifyException(failure)).doesNotContain(LocalRegistry.PASSWORD);
        return ExceptionUtils.findThrowableSerializedAware(failure, RegistryException.class, classes)
                .map(Throwable::getMessage)
                .orElseThrow(() -> new AssertionError(ExceptionUtils.stringifyException(failure)));
    }

    @Test
    void aSchemaThatMayNotBeRegisteredMustBeThere(LocalBroker broker, LocalRegistry registry) throws Exception {
        JobRun run = run(broker, "looked-up");
        JobSettings settings =
                run.settings(flags(registry, "--events.format=confluent-avro", "--events.register-schemas=false"));

        assertThat(refusal(run.start(settings, 1)))
                .matches(TroubleshootingPage.pattern(
                        "The subject looked-up-… of the schema registry does not hold the schema of"
                                + " io.hatflow.events.… that this release writes, and events.register-schemas is false. Expected it to be"
                                + " there; register schemas/src/main/avro/….avsc of this release under that subject, or set"
                                + " events.register-schemas: true"));

        SharedRegistry.client(registry).register(run.labelledTopic() + "-value", published("LabelledDocument"));
        SharedRegistry.client(registry).register(run.deadLetterTopic() + "-value", published("DeadLetter"));
        JobRun.awaitEnd(run.start(settings, 1));
        assertAnswers(
                run,
                readByConfluent(broker, registry, run.labelledTopic()),
                readByConfluent(broker, registry, run.deadLetterTopic()));
    }

    private static Schema published(String name) throws Exception {
        return new Schema.Parser()
                .parse(Files.readString(
                        Path.of("../../schemas/src/main/avro", name + ".avsc"), StandardCharsets.UTF_8));
    }

    @Test
    void aSubjectOfSomethingElseIsRefused(LocalBroker broker, LocalRegistry registry) throws Exception {
        JobRun run = run(broker, "taken");
        Schema other =
                SchemaBuilder.record("Other").fields().requiredLong("number").endRecord();
        SharedRegistry.client(registry).register(run.labelledTopic() + "-value", other);
        registry.setCompatibility(run.labelledTopic() + "-value", "BACKWARD");

        assertThat(refusal(run.start(run.settings(flags(registry, "--events.format=confluent-avro")), 1)))
                .matches(
                        TroubleshootingPage.pattern(
                                "The schema registry refuses the schema of io.hatflow.events.LabelledDocument for the subject"
                                        + " taken-labelled-value (…). Expected a subject whose earlier versions it goes with; …"));
        assertThat(SharedRegistry.client(registry).latest(run.labelledTopic() + "-value"))
                .contains(other);
    }

    @Test
    void anOutageAtTheStartIsWaitedFor(LocalBroker broker, LocalRegistry registry) throws Exception {
        JobRun run = run(broker, "outage");
        registry.kill();

        JobClient job = run.start(run.settings(flags(registry, "--events.format=confluent-avro")), 2);
        registry.restart();
        JobRun.awaitEnd(job);

        assertAnswers(
                run,
                readByConfluent(broker, registry, run.labelledTopic()),
                readByConfluent(broker, registry, run.deadLetterTopic()));
    }
}
