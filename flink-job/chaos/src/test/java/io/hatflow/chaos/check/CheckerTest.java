package io.hatflow.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever can go wrong with an answer is seen, in each form; events are made here by the schemas and docs/delivery.md. */
@ParameterizedClass
@MethodSource("forms")
class CheckerTest {

    private static final String INPUT = "documents";
    private static final int SENT = 400;

    /** Among those that are like others. */
    private static final int LATE = 350;

    /** By the time that the late ones are sent, the schema has changed twice. */
    private static final int VERSIONS = 3;

    private final Form form;
    private final Documents documents;
    private final List<ConsumerRecord<byte[], byte[]>> input = new ArrayList<>();
    private final List<GenericRecord> events = new ArrayList<>();
    private final List<byte[]> keys = new ArrayList<>();
    private final List<Headers> headers = new ArrayList<>();

    /**
     * A form, and how the job writes events in it.
     *
     * @param lastVersion that there is of the schema of documents
     * @param sent the records, made once, as some are of megabytes
     */
    record Form(
            String name,
            Documents documents,
            Function<GenericRecord, byte[]> written,
            int lastVersion,
            List<ProducerRecord<byte[], byte @Nullable []>> sent) {

        static Form of(String name, Wire wire, Function<GenericRecord, byte[]> written, int lastVersion) {
            Documents documents = new Documents(5, wire);
            return new Form(
                    name,
                    documents,
                    written,
                    lastVersion,
                    IntStream.range(0, SENT)
                            .mapToObj(number -> documents.record(INPUT, which(documents, number, lastVersion)))
                            .toList());
        }

        Wire wire() {
            return documents.wire();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Form> forms() {
        ListedSchemas registry = new ListedSchemas();
        ConfluentAvro confluent = new ConfluentAvro(registry, INPUT);
        while (confluent.versions() < VERSIONS) {
            int unused = confluent.evolve();
        }
        int idOfLabelled = registry.register("labelled-documents-value", Avro.LABELLED);
        int idOfDead = registry.register("dead-letters-value", Avro.DEAD_LETTER);
        return List.of(
                Form.of("hatflow", new SingleObject(), SingleObject::encoded, 0),
                Form.of(
                        "confluent-avro",
                        confluent,
                        event -> Avro.encoded(ConfluentAvro.header(isDead(event) ? idOfDead : idOfLabelled), event),
                        VERSIONS - 1));
    }

    private static boolean isDead(GenericRecord event) {
        return event.getSchema().equals(Avro.DEAD_LETTER);
    }

    CheckerTest(Form form) {
        this.form = form;
        this.documents = form.documents();
        for (int number = 0; number < SENT; number++) {
            int partition = Documents.partition(number);
            long offset = number / Documents.PARTITIONS;
            ProducerRecord<byte[], byte @Nullable []> record = form.sent().get(number);
            input.add(record(INPUT, partition, offset, record.key(), record.value(), record.headers()));
            String refusal = documents.refusal(documents.like(number));
            events.add(refusal == null ? labelled(number) : deadLetter(number, record, refusal));
            keys.add(record.key());
            headers.add(refusal == null ? new RecordHeaders() : deadLetterHeaders(record, refusal));
        }
    }

    private Which which(int number) {
        return which(documents, number, form.lastVersion());
    }

    private static Which which(Documents documents, int number, int lastVersion) {
        return documents.which(number, false, number < documents.undisturbed() ? 0 : lastVersion);
    }

    private static ConsumerRecord<byte[], byte[]> record(
            String topic, int partition, long offset, byte[] key, byte @Nullable [] value, Headers headers) {
        return new ConsumerRecord<>(
                topic,
                partition,
                offset,
                1000 + offset,
                TimestampType.CREATE_TIME,
                0,
                0,
                key,
                value,
                headers,
                Optional.empty());
    }

    private static GenericRecord provenance(Schema event, int number, byte[] key) {
        long offset = number / Documents.PARTITIONS;
        return new GenericRecordBuilder(event.getField("provenance").schema())
                .set("topic", INPUT)
                .set("partition", Documents.partition(number))
                .set("offset", offset)
                .set("timestamp", 1000 + offset)
                .set("key", ByteBuffer.wrap(key))
                .build();
    }

    private static String eventId(int number) {
        long offset = number / Documents.PARTITIONS;
        String name = INPUT + ":" + Documents.partition(number) + ":" + offset + ":" + (1000 + offset);
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString();
    }

    private GenericRecord labelled(int number) {
        Schema schema = Avro.LABELLED;
        Stated stated = documents.stated(which(number));
        return new GenericRecordBuilder(schema)
                .set("event_id", eventId(number))
                .set("document_id", stated.id())
                .set("title", stated.title())
                .set("event_time", stated.time())
                .set("metadata", stated.metadata())
                .set("provenance", provenance(schema, number, documents.key(number)))
                .set(
                        "answers",
                        List.of(answer(schema.getField("answers").schema().getElementType())))
                .build();
    }

    private static GenericRecord answer(Schema schema) {
        Schema label = schema.getField("labels").schema().getElementType();
        return new GenericRecordBuilder(schema)
                .set(
                        "model",
                        new GenericRecordBuilder(schema.getField("model").schema())
                                .set("name", "m")
                                .set("version", "1")
                                .set("digest", "d")
                                .build())
                .set("labels", List.of(label(label)))
                .set("tokens_seen", 9)
                .set("tokens_total", 9)
                .set("segments", 1)
                .set(
                        "coverage",
                        new GenericData.EnumSymbol(schema.getField("coverage").schema(), "COMPLETE"))
                .set(
                        "timings",
                        new GenericRecordBuilder(schema.getField("timings").schema())
                                .set("tokenize_micros", 1L)
                                .set("queue_micros", 1L)
                                .set("inference_micros", 1L)
                                .build())
                .build();
    }

    private static GenericRecord label(Schema schema) {
        Schema evidence = schema.getField("evidence").schema().getElementType();
        return new GenericRecordBuilder(schema)
                .set("name", "refund")
                .set("score", 0.7f)
                .set("above_threshold", true)
                .set(
                        "evidence",
                        List.of(new GenericRecordBuilder(evidence)
                                .set("start", 0)
                                .set("end", 5)
                                .set("segment", 0)
                                .set("score", 0.7f)
                                .build()))
                .build();
    }

    private GenericRecord deadLetter(int number, ProducerRecord<byte[], byte @Nullable []> record, String refusal) {
        Schema schema = Avro.DEAD_LETTER;
        Schema header = schema.getField("headers").schema().getElementType();
        String[] stageAndReason = refusal.split(" ", 2);
        byte[] value = record.value();
        return new GenericRecordBuilder(schema)
                .set("event_id", eventId(number))
                .set("key", ByteBuffer.wrap(record.key()))
                .set("value", value == null ? null : ByteBuffer.wrap(value))
                .set(
                        "headers",
                        Arrays.stream(record.headers().toArray())
                                .map(each -> (GenericRecord) new GenericRecordBuilder(header)
                                        .set("key", each.key())
                                        .set("value", ByteBuffer.wrap(each.value()))
                                        .build())
                                .toList())
                .set("provenance", provenance(schema, number, record.key()))
                .set(
                        "stage",
                        new GenericData.EnumSymbol(schema.getField("stage").schema(), stageAndReason[0]))
                .set(
                        "reason",
                        new GenericData.EnumSymbol(schema.getField("reason").schema(), stageAndReason[1]))
                .set("message", "refused")
                .set("failed_at", 0L)
                .build();
    }

    private static Headers deadLetterHeaders(ProducerRecord<byte[], byte @Nullable []> record, String refusal) {
        Headers headers = new RecordHeaders();
        for (Header each : record.headers()) {
            headers.add(each);
        }
        String name = "io.hatflow.events.Reason." + refusal.split(" ", 2)[1];
        return headers.add("__connect.errors.exception.class.name", name.getBytes(StandardCharsets.UTF_8));
    }

    private static void replaceLabel(GenericRecord event, String field, Object value) {
        GenericRecord label = (GenericRecord) ((List<?>) answer(event).get("labels")).get(0);
        label.put(field, value);
    }

    private static GenericRecord answer(GenericRecord event) {
        return (GenericRecord) ((List<?>) event.get("answers")).get(0);
    }

    /** The first that is a dead letter. */
    private int poisoned() {
        int number = 0;
        while (documents.refusal(documents.like(number)) == null) {
            number++;
        }
        return number;
    }

    private Verdict verdict(boolean exactlyOnce, List<Integer> order) {
        Checker checker = new Checker(documents, INPUT, exactlyOnce, true);
        input.forEach(checker::input);
        for (int number : order) {
            GenericRecord event = events.get(number);
            ConsumerRecord<byte[], byte[]> written =
                    written(number, form.written().apply(event));
            checker.answer(
                    isDead(event) ? Answer.deadLetter(form.wire(), written) : Answer.labelled(form.wire(), written));
        }
        return checker.verdict(SENT);
    }

    private ConsumerRecord<byte[], byte[]> written(int number, byte[] value) {
        return record("labelled-documents", 0, 0, keys.get(number), value, headers.get(number));
    }

    private static List<Integer> inOrder() {
        List<Integer> order = new ArrayList<>();
        for (int number = 0; number < SENT; number++) {
            order.add(number);
        }
        return order;
    }

    @Test
    void rightAnswersAreRight() {
        Verdict verdict = verdict(true, inOrder());
        assertThat(verdict.examples()).isEmpty();
        assertThat(verdict.holds(true)).isTrue();
        assertThat(verdict.documents()).isEqualTo(SENT);
        assertThat(verdict.labelled() + verdict.deadLettered()).isEqualTo(SENT);
        assertThat(verdict.deadLettered()).isGreaterThan(7);
    }

    @Test
    void aRecordWithoutAnswerIsLost() {
        List<Integer> order = inOrder();
        order.remove(Integer.valueOf(LATE));
        Verdict verdict = verdict(true, order);
        assertThat(verdict.lost()).isEqualTo(1);
        assertThat(verdict.holds(false)).isFalse();
    }

    @Test
    void aSecondAnswerIsDoubledAndOnlyExactlyOnceForbidsIt() {
        List<Integer> order = inOrder();
        order.add(LATE);
        // Its key's order is that of the first time.
        order.subList(LATE + 1, SENT).clear();
        Verdict verdict = verdict(true, order);
        assertThat(verdict.duplicated()).isEqualTo(1);
        assertThat(verdict.wrong()).isZero();
        assertThat(new Verdict(1, 1, 0, 0, 1, 0, List.of()).holds(true)).isFalse();
        assertThat(new Verdict(1, 1, 0, 0, 1, 0, List.of()).holds(false)).isTrue();
    }

    @Test
    void whatIsOutOfItsKeysOrderIsWrong() {
        List<Integer> order = inOrder();
        order.remove(Integer.valueOf(0));
        order.add(0);
        Verdict verdict = verdict(true, order);
        assertThat(verdict.lost()).isZero();
        assertThat(verdict.wrong()).isEqualTo(1);
    }

    private static Named<Consumer<GenericRecord>> fault(String name, Consumer<GenericRecord> change) {
        return Named.of(name, change);
    }

    static Stream<Named<Consumer<GenericRecord>>> faults() {
        return Stream.of(
                fault("another score", event -> replaceLabel(event, "score", 0.7003f)),
                fault("another decision", event -> replaceLabel(event, "above_threshold", false)),
                fault("no evidence", event -> replaceLabel(event, "evidence", List.of())),
                fault("another extent", event -> answer(event).put("tokens_seen", 8)),
                fault("another document", event -> event.put("document_id", "d1")),
                fault("another title", event -> event.put("title", "On d1")),
                fault("another time", event -> event.put("event_time", 7L)),
                fault("other metadata", event -> event.put("metadata", Map.of("payload.writer", "version 0"))),
                fault("the event id of another", event -> event.put("event_id", eventId(1))),
                fault("another model", event -> ((GenericRecord) answer(event).get("model")).put("digest", "e")),
                fault("no answer", event -> event.put("answers", List.of())),
                fault("an answer too many", event -> event.put("answers", List.of(answer(event), answer(event)))),
                fault("another timestamp", event -> ((GenericRecord) event.get("provenance")).put("timestamp", 7L)),
                fault("another source key", event -> ((GenericRecord) event.get("provenance"))
                        .put("key", ByteBuffer.allocate(1))));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void aLabelledDocumentThatIsNotAsItMustBeIsWrong(Consumer<GenericRecord> fault) {
        assertThat(documents.refusal(documents.like(LATE))).isNull();
        fault.accept(events.get(LATE));
        Verdict verdict = verdict(true, inOrder());
        assertThat(verdict.wrong()).isEqualTo(1);
        assertThat(verdict.holds(true)).isFalse();
    }

    @Test
    void anotherRoundingIsNot() {
        replaceLabel(events.get(LATE), "score", 0.70005f);
        assertThat(verdict(true, inOrder()).wrong()).isZero();
    }

    @Test
    void theKeyOfAnotherIsWrong() {
        keys.set(LATE, "key-of-another".getBytes(StandardCharsets.UTF_8));
        assertThat(verdict(true, inOrder()).wrong()).isEqualTo(1);
    }

    @Test
    void aTextThatIsRefusedAndAPoisonThatIsNotAreWrongEvenUndisturbed() {
        ProducerRecord<byte[], byte @Nullable []> record = documents.record(INPUT, which(0));
        events.set(0, deadLetter(0, record, "TOKENIZE EMPTY_TEXT"));
        headers.set(0, deadLetterHeaders(record, "TOKENIZE EMPTY_TEXT"));
        int poisoned = poisoned();
        events.set(poisoned, labelled(poisoned));
        headers.set(poisoned, new RecordHeaders());
        assertThat(verdict(true, inOrder()).examples())
                .anySatisfy(
                        example -> assertThat(example).startsWith("wrong: 0@0 was answered dead TOKENIZE EMPTY_TEXT"))
                .anySatisfy(example -> assertThat(example).contains("was answered labelled", "expected dead DECODE"));
    }

    static Stream<Named<Consumer<GenericRecord>>> faultsOfDeadLetters() {
        return Stream.of(
                fault("another value", event -> event.put("value", ByteBuffer.wrap(new byte[] {1}))),
                fault("another key", event -> event.put("key", ByteBuffer.wrap(new byte[] {1}))),
                fault("no key", event -> event.put("key", null)),
                fault("no headers", event -> event.put("headers", List.of())),
                fault("another header", event -> ((GenericRecord) ((List<?>) event.get("headers")).get(0))
                        .put("value", ByteBuffer.wrap(new byte[] {1}))),
                fault("the event id of another", event -> event.put("event_id", eventId(1))),
                fault("another timestamp", event -> ((GenericRecord) event.get("provenance")).put("timestamp", 7L)));
    }

    @ParameterizedTest
    @MethodSource("faultsOfDeadLetters")
    void aDeadLetterThatDoesNotHoldItsRecordIsWrong(Consumer<GenericRecord> fault) {
        fault.accept(events.get(poisoned()));
        assertThat(verdict(true, inOrder()).wrong()).isEqualTo(1);
    }

    @Test
    void aDeadLetterWithoutTheHeadersOfItsRecordIsWrong() {
        int poisoned = poisoned();
        headers.get(poisoned).remove(Which.NUMBER);
        assertThat(verdict(true, inOrder()).wrong()).isEqualTo(1);
    }

    @Test
    void aDeadLetterOfAnotherReasonIsWrong() {
        int poisoned = poisoned();
        ProducerRecord<byte[], byte @Nullable []> record = documents.record(INPUT, which(poisoned));
        events.set(poisoned, deadLetter(poisoned, record, "INFERENCE TIMEOUT"));
        headers.set(poisoned, deadLetterHeaders(record, "INFERENCE TIMEOUT"));
        assertThat(verdict(true, inOrder()).wrong()).isPositive();
    }

    @Test
    void aGoodRecordThatIsTakenForAnUnknownSchemaIsWrong() {
        ProducerRecord<byte[], byte @Nullable []> record = documents.record(INPUT, which(LATE));
        events.set(LATE, deadLetter(LATE, record, "DECODE UNKNOWN_SCHEMA"));
        headers.set(LATE, deadLetterHeaders(record, "DECODE UNKNOWN_SCHEMA"));
        assertThat(verdict(true, inOrder()).examples())
                .anySatisfy(example -> assertThat(example).contains("UNKNOWN_SCHEMA", "expected labels"));
    }

    /** Not by its own schema, cut off, with something behind it; a cut within the name of the schema is among these. */
    @Test
    void anEventThatIsNotWrittenAsItMustBeCannotBeRead() {
        GenericRecord event = events.get(LATE);
        byte[] whole = form.written().apply(event);
        byte[] otherwise = form.name().equals("hatflow")
                ? Avro.encoded(ConfluentAvro.header(1), event)
                : SingleObject.encoded(event);
        for (byte[] value : List.of(
                otherwise,
                form.written().apply(events.get(poisoned())),
                Arrays.copyOf(whole, 4),
                Arrays.copyOf(whole, whole.length - 1),
                Arrays.copyOf(whole, whole.length + 1))) {
            assertThatThrownBy(() -> Answer.labelled(form.wire(), written(LATE, value)))
                    .isInstanceOfAny(IllegalArgumentException.class, UncheckedIOException.class);
        }
        assertThat(Answer.labelled(form.wire(), written(LATE, whole)).event()).isEqualTo(event);
    }

    @Test
    void anAnswerToNothingIsWrong() {
        ((GenericRecord) events.get(LATE).get("provenance")).put("offset", 5000L);
        Verdict verdict = verdict(true, inOrder());
        assertThat(verdict.lost()).isEqualTo(1);
        assertThat(verdict.wrong()).isEqualTo(1);
    }

    @Test
    void anInputThatIsNotWhatWasSentIsWrong() {
        ConsumerRecord<byte[], byte[]> record = input.get(LATE);
        input.set(
                LATE,
                record(INPUT, record.partition(), record.offset(), record.key(), new byte[] {1}, record.headers()));
        assertThat(verdict(true, inOrder()).examples())
                .anySatisfy(example -> assertThat(example).contains("is not record " + LATE));
    }
}
