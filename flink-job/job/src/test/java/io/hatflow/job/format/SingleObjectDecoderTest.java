package io.hatflow.job.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SingleObjectDecoderTest {

    private static final Schema FIRST_VERSION = SchemaBuilder.record("Document")
            .namespace("io.hatflow.events")
            .fields()
            .requiredString("id")
            .requiredString("text")
            .endRecord();

    private final DocumentDecoder decoder = new SingleObjectDecoder(WriterSchemas.withFolder(null));

    private static byte[] encoded(Document document) throws IOException {
        ByteBuffer buffer = document.toByteBuffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static Document document(String id, String text) {
        return Document.newBuilder()
                .setId(id)
                .setText(text)
                .setMetadata(Map.of("a", "b"))
                .build();
    }

    /** The header of the current schema, then bytes that may be anything. */
    private static byte[] framed(byte... body) {
        return framed(Document.getClassSchema(), body);
    }

    private static byte[] framed(Schema writer, byte... body) {
        return ByteBuffer.allocate(10 + body.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0xC3)
                .put((byte) 1)
                .putLong(SchemaNormalization.parsingFingerprint64(writer))
                .put(body)
                .array();
    }

    private Decoded decode(byte @Nullable [] value) {
        return decoder.decode(Given.record(value));
    }

    private Refusal refusal(byte[] value) {
        Refusal refusal = decode(value).refusal();
        assertThat(refusal).isNotNull();
        return refusal;
    }

    @Test
    void aDocumentIsReadAsItWasWritten() throws IOException {
        Document document = document("7", "Zwölf 😀 Zeichen");

        assertThat(decode(encoded(document)).document()).isEqualTo(document);
    }

    @Test
    void aRecordWithoutValueIsRefused() {
        Refusal refusal = decode(null).refusal();

        assertThat(refusal).isNotNull();
        assertThat(refusal.reason()).isEqualTo(Reason.NULL_VALUE);
    }

    @Test
    void bytesWithoutTheHeaderAreRefused() {
        assertThat(refusal(new byte[0]).reason()).isEqualTo(Reason.NOT_AVRO);
        assertThat(refusal(new byte[] {(byte) 0xC3, 1, 2}).reason()).isEqualTo(Reason.NOT_AVRO);
        assertThat(refusal("{\"id\": \"7\", \"text\": \"JSON\"}".getBytes(StandardCharsets.UTF_8)))
                .satisfies(refusal -> {
                    assertThat(refusal.reason()).isEqualTo(Reason.NOT_AVRO);
                    assertThat(refusal.message())
                            .contains("27 bytes", "single-object")
                            .doesNotContain("JSON");
                });
    }

    @Test
    void aFingerprintThatNobodyKnowsIsRefusedByName() {
        byte[] value = {(byte) 0xC3, 1, 8, 7, 6, 5, 4, 3, 2, 1, 0};

        assertThat(refusal(value)).satisfies(refusal -> {
            assertThat(refusal.reason()).isEqualTo(Reason.UNKNOWN_SCHEMA);
            assertThat(refusal.message()).contains("0102030405060708", "document.writer-schemas");
        });
    }

    @Test
    void aDocumentThatIsCutOffAnywhereIsRefused() throws IOException {
        byte[] whole = encoded(document("7", "text"));
        for (int length = 10; length < whole.length; length++) {
            assertThat(refusal(Arrays.copyOf(whole, length)).reason())
                    .as("cut off after %d bytes", length)
                    .isEqualTo(Reason.MALFORMED_DOCUMENT);
        }
    }

    @Test
    void bytesAfterTheDocumentAreRefused() throws IOException {
        byte[] whole = encoded(document("7", "text"));

        assertThat(refusal(Arrays.copyOf(whole, whole.length + 3))).satisfies(refusal -> {
            assertThat(refusal.reason()).isEqualTo(Reason.MALFORMED_DOCUMENT);
            assertThat(refusal.message()).contains("3 bytes follow");
        });
    }

    @Test
    void textThatIsNotUtf8IsRefused() {
        // Length 1 (zig-zag 2), a continuation byte that continues nothing.
        assertThat(refusal(framed((byte) 2, (byte) 0x80))).satisfies(refusal -> {
            assertThat(refusal.reason()).isEqualTo(Reason.MALFORMED_DOCUMENT);
            assertThat(refusal.message()).contains("not UTF-8");
        });
    }

    @Test
    void aLengthThatLiesTakesNoMemory() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(body, null);
        encoder.writeLong(Integer.MAX_VALUE - 8L);
        assertThat(refusal(framed(body.toByteArray())).message()).contains("2147483639");

        body.reset();
        encoder.writeString("7");
        encoder.writeString("text");
        encoder.writeIndex(0);
        encoder.writeLong(1L << 30);
        assertThat(refusal(framed(body.toByteArray())).message()).contains("1073741824");
    }

    @Test
    void aTextMayComeInSegmentsButNotInBothForms() throws IOException {
        Document document = document("7", "");
        document.setSegments(List.of("One.", "Two."));
        assertThat(decode(encoded(document)).document()).isEqualTo(document);
        document.setText("One. Two.");
        assertThat(refusal(encoded(document))).satisfies(refusal -> {
            assertThat(refusal.reason()).isEqualTo(Reason.MALFORMED_DOCUMENT);
            assertThat(refusal.message()).contains("a text and segments");
        });
    }

    @Test
    void aBlankIdIsRefused() throws IOException {
        assertThat(refusal(encoded(document(" ", "text"))).reason()).isEqualTo(Reason.INVALID_ID);
    }

    @Test
    void anEmptyTextIsADocumentBecauseTheClassifierDecidesOnTexts() throws IOException {
        assertThat(decode(encoded(document("7", ""))).document()).isNotNull();
    }

    @Test
    void noBytesWhateverMakeItThrow() throws IOException {
        Random random = new Random(7);
        byte[] whole = encoded(document("7", "text"));
        for (int round = 0; round < 20_000; round++) {
            byte[] value = whole.clone();
            int changes = 1 + random.nextInt(4);
            for (int change = 0; change < changes; change++) {
                value[10 + random.nextInt(value.length - 10)] = (byte) random.nextInt();
            }
            Decoded decoded = decode(value);
            assertThat(decoded.document() == null).isNotEqualTo(decoded.refusal() == null);
        }
    }

    @Test
    void anEarlierVersionOfTheSchemaIsReadOnceItIsKnown(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("Document-0.avsc"), FIRST_VERSION.toString());
        GenericData.Record written = new GenericData.Record(FIRST_VERSION);
        written.put("id", "7");
        written.put("text", "text");
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(body, null);
        new GenericDatumWriter<GenericData.Record>(FIRST_VERSION).write(written, encoder);
        byte[] value = framed(FIRST_VERSION, body.toByteArray());

        assertThat(refusal(value).reason()).isEqualTo(Reason.UNKNOWN_SCHEMA);
        assertThat(new SingleObjectDecoder(WriterSchemas.withFolder(folder))
                        .decode(Given.record(value))
                        .document())
                .isEqualTo(Document.newBuilder().setId("7").setText("text").build());
    }

    @Test
    void schemasThatCannotBeUsedAreAllNamed(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("a.avsc"), "{");
        Files.writeString(
                folder.resolve("b.avsc"),
                List.of(SchemaBuilder.record("Document")
                                .namespace("io.hatflow.events")
                                .fields()
                                .requiredString("id")
                                .endRecord())
                        .get(0)
                        .toString());

        assertThatThrownBy(() -> WriterSchemas.withFolder(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a.avsc is not an Avro schema")
                .hasMessageContaining("b.avsc cannot be read as a Document");
    }
}
