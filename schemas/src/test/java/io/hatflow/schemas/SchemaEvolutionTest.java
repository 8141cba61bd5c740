package io.hatflow.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.message.MissingSchemaException;
import org.apache.avro.message.SchemaStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every version of a schema that ever was is kept under {@code src/test/resources/history}, NAME-NUMBER.avsc, and all
 * versions read one another. A change of a schema adds a file there and its fingerprint here; neither is ever changed.
 */
class SchemaEvolutionTest {

    private static final Path HISTORY = Path.of("src/test/resources/history");

    /** CRC-64-AVRO of the canonical form: what single-object encoding puts on the wire to name the writer's schema. */
    private static final Map<String, String> FINGERPRINTS = Map.of(
            "Document-1", "c032aed93d7dafb5",
            "Document-2", "cac8e4144c7cf64a",
            "Document-3", "82e7c357a6843842",
            "LabelledDocument-1", "50341604e5062ee2",
            "LabelledDocument-2", "5f3350591995b241",
            "DeadLetter-1", "b144aecdb7dbea9c",
            "DeadLetter-2", "92f56dc3672d8923",
            "DeadLetter-3", "45f75c4f43da81f7",
            "DeadLetter-4", "f2e980f63abd18ef",
            "DeadLetter-5", "65377d1c407daac4");

    @Test
    void historyIsNeverRewritten() {
        var fingerprints = new TreeMap<String, String>();
        for (String name : List.of("Document", "LabelledDocument", "DeadLetter")) {
            history(name)
                    .forEach((number, schema) -> fingerprints.put(
                            name + "-" + number, Long.toHexString(SchemaNormalization.parsingFingerprint64(schema))));
        }
        assertThat(fingerprints).isEqualTo(FINGERPRINTS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Document", "LabelledDocument", "DeadLetter"})
    void newestVersionOfTheHistoryIsTheSchemaInUse(String name) throws IOException {
        assertThat(history(name).lastEntry().getValue()).isEqualTo(current(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Document", "LabelledDocument", "DeadLetter"})
    void allVersionsReadOneAnother(String name) {
        for (Schema reader : history(name).values()) {
            for (Schema writer : history(name).values()) {
                var result = SchemaCompatibility.checkReaderWriterCompatibility(reader, writer);
                assertThat(result.getType()).as(result.getDescription()).isEqualTo(SchemaCompatibilityType.COMPATIBLE);
            }
        }
    }

    @Test
    void todaysReaderFillsInWhatTheFirstDocumentsLacked() throws IOException {
        Schema first = read("Document-1.avsc");
        GenericRecord written = new GenericRecordBuilder(first)
                .set("id", "ticket-1")
                .set("text", "It hums.")
                .build();
        var knownWriters = new SchemaStore.Cache();
        knownWriters.addSchema(first);

        Document read = Document.createDecoder(knownWriters).decode(singleObject(first, written));

        assertThat(read.getId()).isEqualTo("ticket-1");
        assertThat(read.getText()).isEqualTo("It hums.");
        assertThat(read.getTitle()).isNull();
        assertThat(read.getMetadata()).isEmpty();
        assertThat(read.getEventTime()).isNull();
        assertThat(read.getSegments()).isEmpty();
    }

    @Test
    void readerOfTheFirstVersionIgnoresWhatCameLater() throws IOException {
        Document written = Document.newBuilder()
                .setId("ticket-2")
                .setText("It smokes.")
                .setTitle("Printer")
                .setMetadata(Map.of("floor", "3"))
                .setEventTime(Instant.ofEpochMilli(1))
                .build();
        Schema first = read("Document-1.avsc");
        var reader = new BinaryMessageDecoder<GenericRecord>(GenericData.get(), first);
        reader.addSchema(Document.getClassSchema());

        GenericRecord read = reader.decode(Document.getEncoder().encode(written));

        assertThat(read.get("id")).hasToString("ticket-2");
        assertThat(read.get("text")).hasToString("It smokes.");
        assertThat(read.getSchema()).isEqualTo(first);
    }

    @Test
    void unknownWriterIsNamedByItsFingerprint() throws IOException {
        Schema first = read("Document-1.avsc");
        ByteBuffer bytes = singleObject(
                first,
                new GenericRecordBuilder(first).set("id", "a").set("text", "b").build());

        assertThatThrownBy(() -> Document.getDecoder().decode(bytes))
                .isInstanceOf(MissingSchemaException.class)
                .hasMessageContaining("Cannot resolve schema for fingerprint");
    }

    @Test
    void reasonsOfTheFutureReadAsUnknown() throws IOException {
        Schema future = withSymbol(DeadLetter.getClassSchema(), "reason", "ABSENT_MINDED");
        GenericRecord written = new GenericRecordBuilder(future)
                .set("event_id", "documents-0-1")
                .set("value", null)
                .set("provenance", provenance(future))
                .set(
                        "stage",
                        new GenericData.EnumSymbol(future.getField("stage").schema(), "DECODE"))
                .set(
                        "reason",
                        new GenericData.EnumSymbol(future.getField("reason").schema(), "ABSENT_MINDED"))
                .set("message", "Forgot.")
                .set("failed_at", 1L)
                .build();
        var knownWriters = new SchemaStore.Cache();
        knownWriters.addSchema(future);

        DeadLetter read = DeadLetter.createDecoder(knownWriters).decode(singleObject(future, written));

        assertThat(read.getReason()).isEqualTo(Reason.UNKNOWN);
        assertThat(read.getMessage()).isEqualTo("Forgot.");
    }

    private static GenericRecord provenance(Schema event) {
        return new GenericRecordBuilder(event.getField("provenance").schema())
                .set("topic", "documents")
                .set("partition", 0)
                .set("offset", 1L)
                .set("timestamp", 0L)
                .build();
    }

    private static Schema withSymbol(Schema record, String field, String symbol) {
        Schema old = record.getField(field).schema();
        var symbols = new ArrayList<>(old.getEnumSymbols());
        symbols.add(symbol);
        Schema wider =
                Schema.createEnum(old.getName(), old.getDoc(), old.getNamespace(), symbols, old.getEnumDefault());
        List<Schema.Field> fields = record.getFields().stream()
                .map(it -> new Schema.Field(it, it.name().equals(field) ? wider : it.schema()))
                .toList();
        return Schema.createRecord(record.getName(), record.getDoc(), record.getNamespace(), false, fields);
    }

    private static ByteBuffer singleObject(Schema writer, GenericRecord record) throws IOException {
        return new BinaryMessageEncoder<GenericRecord>(GenericData.get(), writer).encode(record);
    }

    private static NavigableMap<Integer, Schema> history(String name) {
        var versions = new TreeMap<Integer, Schema>();
        try (var files = Files.newDirectoryStream(HISTORY, name + "-*.avsc")) {
            for (Path file : files) {
                String number = file.getFileName().toString().replaceAll("\\D", "");
                versions.put(Integer.valueOf(number), new Schema.Parser().parse(Files.readString(file)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return versions;
    }

    private static Schema read(String file) throws IOException {
        return new Schema.Parser().parse(Files.readString(HISTORY.resolve(file)));
    }

    private static Schema current(String name) throws IOException {
        return new Schema.Parser().parse(Files.readString(Path.of("src/main/avro", name + ".avsc")));
    }
}
