package io.hatflow.schemas;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.LabelledDocument;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.DatumWriter;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecordBase;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every example of an event is accepted, or refused for the reason that its name gives. */
class EventExamplesTest {

    private static final Map<String, Schema> EVENTS = Map.of(
            "document", Document.getClassSchema(),
            "labelled-document", LabelledDocument.getClassSchema(),
            "dead-letter", DeadLetter.getClassSchema());

    /** What the decoder says of each invalid example. */
    private static final Map<String, String> COMPLAINTS = Map.ofEntries(
            Map.entry("document/missing-text", "Expected field name not found: text"),
            Map.entry("document/numeric-id", "Expected string. Got VALUE_NUMBER_INT"),
            Map.entry("document/null-text", "Expected string. Got VALUE_NULL"),
            Map.entry("document/title-without-its-type", "Expected start-union. Got VALUE_STRING"),
            Map.entry("document/metadata-value-not-a-string", "Expected string. Got VALUE_NUMBER_INT"),
            Map.entry("document/event-time-as-text", "Unknown union branch string"),
            Map.entry("document/segment-not-a-string", "Expected string. Got VALUE_NUMBER_INT"),
            Map.entry("labelled-document/missing-provenance", "Expected field name not found: provenance"),
            Map.entry("labelled-document/unknown-coverage", "Unknown symbol in enum PARTIAL"),
            Map.entry("labelled-document/score-as-text", "Expected float. Got VALUE_STRING"),
            Map.entry("labelled-document/evidence-without-end", "Expected field name not found: end"),
            Map.entry("labelled-document/token-count-as-text", "Expected int. Got VALUE_STRING"),
            Map.entry("labelled-document/answer-without-model", "Expected field name not found: model"),
            Map.entry("labelled-document/label-not-a-record", "Expected record-start. Got VALUE_STRING"),
            Map.entry("dead-letter/unknown-reason", "Unknown symbol in enum BAD_LUCK"),
            Map.entry("dead-letter/unknown-stage", "Unknown symbol in enum PARSE"),
            Map.entry("dead-letter/missing-message", "Expected field name not found: message"),
            Map.entry("dead-letter/value-as-list-of-bytes", "Expected bytes. Got START_ARRAY"),
            Map.entry("dead-letter/header-without-key", "Expected field name not found: key"),
            Map.entry("dead-letter/failed-at-as-text", "Expected long. Got VALUE_STRING"));

    @TestFactory
    Stream<DynamicTest> validExamplesSurviveTheWire() throws IOException {
        var tests = Stream.<DynamicTest>builder();
        for (var event : EVENTS.entrySet()) {
            String folder = event.getKey() + "/valid";
            for (String name : Examples.names(folder)) {
                tests.add(DynamicTest.dynamicTest(event.getKey() + "/" + name, () -> {
                    SpecificRecordBase parsed = parse(event.getValue(), Examples.read(folder, name));
                    assertThat(throughBinary(parsed)).isEqualTo(parsed);
                }));
            }
        }
        return tests.build();
    }

    @TestFactory
    Stream<DynamicTest> invalidExamplesAreRefusedForTheReasonInTheirName() {
        return COMPLAINTS.entrySet().stream()
                .map(example -> DynamicTest.dynamicTest(example.getKey(), () -> {
                    String[] path = example.getKey().split("/", 2);
                    String json = Examples.read(path[0] + "/invalid", path[1]);
                    assertThatThrownBy(() -> parse(requireNonNull(EVENTS.get(path[0])), json))
                            .hasMessageContaining(example.getValue());
                }));
    }

    @Test
    void everyInvalidExampleIsTested() throws IOException {
        var onDisk = new TreeSet<String>();
        for (String event : EVENTS.keySet()) {
            Examples.names(event + "/invalid").forEach(name -> onDisk.add(event + "/" + name));
        }
        assertThat(COMPLAINTS.keySet()).containsExactlyInAnyOrderElementsOf(onDisk);
    }

    private static SpecificRecordBase parse(Schema schema, String json) throws IOException {
        return EventExamplesTest.<SpecificRecordBase>reader(schema)
                .read(null, DecoderFactory.get().jsonDecoder(schema, json));
    }

    private static SpecificRecordBase throughBinary(SpecificRecordBase event) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var encoder = EncoderFactory.get().binaryEncoder(bytes, null);
        @SuppressWarnings("unchecked")
        DatumWriter<SpecificRecordBase> writer =
                SpecificData.getForSchema(event.getSchema()).createDatumWriter(event.getSchema());
        writer.write(event, encoder);
        encoder.flush();
        return EventExamplesTest.<SpecificRecordBase>reader(event.getSchema())
                .read(null, DecoderFactory.get().binaryDecoder(bytes.toByteArray(), null));
    }

    @SuppressWarnings("unchecked")
    private static <T> DatumReader<T> reader(Schema schema) {
        return SpecificData.getForSchema(schema).createDatumReader(schema);
    }
}
