package io.hatflow.job;

import static io.hatflow.job.JobRun.utf8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.hatflow.broker.LocalBroker;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import io.hatflow.events.Stage;
import io.hatflow.inference.Classification;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.job.JobRun.Answer;
import io.hatflow.job.format.AvroBytes;
import io.hatflow.job.format.FormatSettings.Format;
import io.hatflow.registry.LocalRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The job reads topics whose records are not its own: JSON, text, and Avro of another schema, each from end to end. */
@ExtendWith({SharedBroker.class, SharedRegistry.class})
@Timeout(300)
class OwnRecordsIT {

    private static final String SUBJECT = "Lease";
    private static final String BODY = "The parties agree to pay within thirty days of notice.";

    /** Of texts that were asked for before: to open a bundle takes as long as a job. */
    private static final Map<String, Float> SCORES_ALONE = new ConcurrentHashMap<>();

    private static final Schema OF_THE_README = AvroBytes.schema("{'type': 'record', 'name': 'Letter', 'fields': ["
            + "{'name': 'payload', 'type': {'type': 'record', 'name': 'Payload', 'fields': ["
            + "{'name': 'body', 'type': 'string'}]}}]}");
    private static final Schema PAYLOAD = OF_THE_README.getField("payload").schema();

    /** As the README writes one. */
    private static final Pattern SETTING = Pattern.compile("`([a-z.-]+): ([^`]+)`");

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    private static List<Answer> answers(LocalBroker broker, String name, List<Sent> sent, String... settings)
            throws Exception {
        JobRun run = new JobRun(broker, name);
        run.send(sent);
        JobRun.awaitEnd(
                run.start(run.settings(with(settings, "--kafka.until=caught-up", "--checkpoint.interval=300 ms")), 2));
        run.assertExactlyOneAnswerForEveryRecord();
        return run.committed();
    }

    private static String[] with(String[] settings, String... more) {
        return Stream.concat(Stream.of(settings), Stream.of(more)).toArray(String[]::new);
    }

    private static Map<String, LabelledDocument> labelled(List<Answer> answers) {
        return answers.stream()
                .map(Answer::labelled)
                .filter(Objects::nonNull)
                .collect(Collectors.toMap(LabelledDocument::getDocumentId, Function.identity()));
    }

    private static Map<Reason, DeadLetter> deadLetters(List<Answer> answers) {
        return answers.stream()
                .map(Answer::deadLetter)
                .filter(Objects::nonNull)
                .collect(Collectors.toMap(DeadLetter::getReason, Function.identity()));
    }

    static void assertScoredLike(@Nullable LabelledDocument event, String text) throws Exception {
        assertThat(requireNonNull(event).getAnswers().get(0).getLabels().get(0).getScore())
                .isEqualTo(scoreAlone(text));
    }

    private static float scoreAlone(String text) throws Exception {
        Float known = SCORES_ALONE.get(text);
        if (known != null) {
            return known;
        }
        try (DocumentClassifier classifier = DocumentClassifier.open(JobRun.BUNDLE, ClassifierSettings.defaults())) {
            Classification alone = (Classification) classifier.classify(text).get();
            float score = alone.labels().get(0).score();
            SCORES_ALONE.put(text, score);
            return score;
        }
    }

    /** As it was sent: value, key and headers. */
    private static void assertReturned(@Nullable DeadLetter event, Sent sent, String message) {
        assertThat(requireNonNull(event).getStage()).isEqualTo(Stage.DECODE);
        assertThat(event.getValue()).isEqualTo(sent.value() == null ? null : ByteBuffer.wrap(sent.value()));
        assertThat(event.getKey()).isEqualTo(sent.key() == null ? null : ByteBuffer.wrap(utf8(sent.key())));
        assertThat(event.getHeaders()).isEqualTo(sent.headersInDeadLetter());
        assertThat(event.getMessage()).contains(message);
    }

    @Test
    void objectsOfJson(LocalBroker broker) throws Exception {
        Sent fine = new Sent(0, "k1", utf8("""
                {"skipped": [1, {"a": null}], "payload": {"caseNumber": 12345678901234567890, "subject": "Lease",
                 "body": ["The parties agree to pay within thirty days of notice."], "sent": "2026-11-28T10:15:30+01:00",
                 "urgency": "high", "language": "en"}}
                """));
        Sent without = new Sent(1, "k2", utf8("{\"payload\": {\"caseNumber\": 2, \"subject\": null}}"));
        Sent open = new Sent(0, null, utf8("{\"payload\": {\"caseNumber\": 3"));
        Sent other = new Sent(1, "k4", utf8("{\"payload\": {\"caseNumber\": 4, \"body\": {\"html\": \"x\"}}}"));
        Sent tombstone = new Sent(0, "k5", null);

        List<Answer> answers = answers(
                broker,
                "own-json",
                List.of(fine, without, open, other, tombstone),
                "--document.format=json",
                "--document.text=payload.subject,payload.body",
                "--document.id=payload.caseNumber",
                "--document.title=payload.subject",
                "--document.time=payload.sent",
                "--document.priority=payload.urgency",
                "--document.metadata=payload.language,payload.court",
                "--classify.order=unordered",
                "--dead-letters.max-ratio=off");

        LabelledDocument event = requireNonNull(labelled(answers).get("12345678901234567890"), "the event");
        assertScoredLike(event, SUBJECT + "\n\n" + BODY);
        assertThat(event.getTitle()).isEqualTo(SUBJECT);
        assertThat(event.getEventTime()).isEqualTo(Instant.parse("2026-11-28T09:15:30Z"));
        assertThat(event.getMetadata()).containsExactly(Map.entry("payload.language", "en"));
        assertThat(event.getProvenance().getKey()).isEqualTo(ByteBuffer.wrap(utf8("k1")));
        Map<Reason, DeadLetter> dead = deadLetters(answers);
        assertThat(dead).hasSize(4);
        assertReturned(dead.get(Reason.MISSING_FIELD), without, "payload.subject or payload.body is missing or null");
        assertThat(requireNonNull(dead.get(Reason.MISSING_FIELD)).getDocumentId())
                .isEqualTo("2");
        assertReturned(dead.get(Reason.NOT_JSON), open, "The value is not valid JSON");
        assertReturned(dead.get(Reason.WRONG_TYPE), other, "payload.body is an object");
        assertReturned(dead.get(Reason.NULL_VALUE), tombstone, "expected a JSON object");
    }

    @Test
    void texts(LocalBroker broker) throws Exception {
        Sent keyed = new Sent(0, "letter-1", utf8(BODY));
        Sent without = new Sent(1, null, utf8(SUBJECT));
        Sent latin = new Sent(0, "letter-2", new byte[] {'K', (byte) 0xF6, 'l', 'n'});

        List<Answer> answers = answers(
                broker,
                "own-texts",
                List.of(keyed, without, latin),
                "--document.format=text",
                "--dead-letters.max-ratio=off");

        Map<String, LabelledDocument> events = labelled(answers);
        assertThat(events).containsOnlyKeys("letter-1", "own-texts-documents-1-0");
        assertScoredLike(events.get("letter-1"), BODY);
        assertScoredLike(events.get("own-texts-documents-1-0"), SUBJECT);
        Map<Reason, DeadLetter> dead = deadLetters(answers);
        assertThat(dead).hasSize(1);
        assertReturned(dead.get(Reason.NOT_UTF8), latin, "The value is not UTF-8");
        assertThat(requireNonNull(dead.get(Reason.NOT_UTF8)).getDocumentId()).isEqualTo("letter-2");
    }

    @Test
    void avroByTheSchemaOfAFile(LocalBroker broker, @TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("letter.avsc"), """
                {"type": "record", "name": "Letter", "fields": [
                  {"name": "n", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
                  {"name": "body", "type": ["null", "string"]}]}
                """);
        Schema schema = new Schema.Parser().parse(Files.readString(file));
        byte[] value = letter(schema, BODY);
        Sent fine = new Sent(0, "k", value);
        Sent without = new Sent(1, "k", letter(schema, null));
        Sent longer = new Sent(0, "k", Arrays.copyOf(value, value.length + 3));
        Sent after = new Sent(0, "k", letter(schema, SUBJECT));

        List<Answer> answers = answers(
                broker,
                "own-avro",
                List.of(fine, without, longer, after),
                "--document.format=avro",
                "--document.schema=" + file,
                "--document.text=body",
                "--document.id=position",
                "--document.metadata=n",
                "--dead-letters.max-ratio=off");

        Map<String, LabelledDocument> events = labelled(answers);
        assertThat(events).containsOnlyKeys("own-avro-documents-0-0", "own-avro-documents-0-2");
        assertScoredLike(events.get("own-avro-documents-0-0"), BODY);
        assertScoredLike(events.get("own-avro-documents-0-2"), SUBJECT);
        assertThat(requireNonNull(events.get("own-avro-documents-0-0")).getMetadata())
                .containsExactly(Map.entry("n", "1.00"));
        Map<Reason, DeadLetter> dead = deadLetters(answers);
        assertThat(dead).hasSize(2);
        assertReturned(dead.get(Reason.MISSING_FIELD), without, "body is missing or null");
        assertReturned(dead.get(Reason.MALFORMED_DOCUMENT), longer, "3 bytes follow the record");
    }

    private static byte[] letter(Schema schema, @Nullable String body) {
        Map<String, @Nullable Object> fields = new HashMap<>();
        fields.put("n", ByteBuffer.wrap(new byte[] {100}));
        fields.put("body", body);
        return AvroBytes.encoded(schema, fields);
    }

    /** The README's table: what is in a topic, the format that is written for it, and all the flags that these settings make. */
    static Stream<Arguments> rowsOfTheReadme() throws IOException {
        String readme = Files.readString(Path.of("..", "..", "README.md"));
        return readme.substring(readme.indexOf("\n### Your own Kafka topic\n"))
                .lines()
                .dropWhile(line -> !line.startsWith("| ---"))
                .skip(1)
                .takeWhile(line -> line.startsWith("| "))
                .map(line -> line.split(" *\\| *", -1))
                .map(cells -> arguments(cells[1], format(cells[2]), flags(cells[2])));
    }

    private static List<String> flags(String cell) {
        return SETTING.matcher(cell)
                .results()
                .map(setting -> "--" + setting.group(1) + "=" + setting.group(2))
                .toList();
    }

    private static String format(String cell) {
        return SETTING.matcher(cell)
                .results()
                .filter(setting -> setting.group(1).equals("document.format"))
                .map(setting -> setting.group(2))
                .findFirst()
                .orElse("hatflow");
    }

    private static byte[] value(String format, String id, String text, LocalRegistry registry, String topic) {
        Map<String, ?> fields = Map.of("payload", AvroBytes.record(PAYLOAD, Map.of("body", text)));
        return switch (format) {
            case "confluent-avro" ->
                AvroBytes.afterId(
                        SharedRegistry.client(registry).register(topic + "-value", OF_THE_README),
                        AvroBytes.encoded(OF_THE_README, fields));
            case "avro" -> AvroBytes.encoded(OF_THE_README, fields);
            case "json" -> utf8("{\"payload\": {\"body\": \"" + text + "\"}}");
            case "text" -> utf8(text);
            case "hatflow" -> Sent.encoded(id, text);
            default ->
                throw new IllegalStateException("The README has a format that this test does not know: " + format);
        };
    }

    /** With what a reader has to fill in: where the registry is and who may ask it, and the file of the schema. */
    private static String[] filledIn(List<String> flags, LocalRegistry registry, Path schema) {
        boolean asksRegistry = flags.contains("--registry.url=https://HOST:PORT");
        return Stream.concat(
                        flags.stream()
                                .filter(flag -> !flag.startsWith("--registry.url="))
                                .map(flag -> flag.replace("/etc/hatflow/letter.avsc", schema.toString())),
                        asksRegistry ? SharedRegistry.flags(registry).stream() : Stream.of())
                .toArray(String[]::new);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rowsOfTheReadme")
    void whatTheReadmeSaysIsEnough(
            String topic,
            String format,
            List<String> flags,
            LocalBroker broker,
            LocalRegistry registry,
            @TempDir Path folder)
            throws Exception {
        Path schema = Files.writeString(folder.resolve("letter.avsc"), OF_THE_README.toString());
        String name = "readme-" + format;
        String input = name + "-documents";
        Sent broken = new Sent(0, "broken", new byte[] {(byte) 0xFF, 0});

        List<Answer> answers = answers(
                broker,
                name,
                List.of(
                        new Sent(0, "letter-1", value(format, "letter-1", BODY, registry, input)),
                        broken,
                        new Sent(0, "letter-2", value(format, "letter-2", SUBJECT, registry, input))),
                filledIn(flags, registry, schema));

        Map<String, LabelledDocument> events = labelled(answers);
        assertThat(events).as(topic).containsOnlyKeys("letter-1", "letter-2");
        assertScoredLike(events.get("letter-1"), BODY);
        assertScoredLike(events.get("letter-2"), SUBJECT);
        assertThat(deadLetters(answers).values()).singleElement().satisfies(dead -> assertReturned(dead, broken, ""));
    }

    @Test
    void theReadmeHasEveryFormat() throws Exception {
        assertThat(rowsOfTheReadme().map(row -> row.get()[1]))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(Format.values())
                        .map(format -> format.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                        .toList());
    }
}
