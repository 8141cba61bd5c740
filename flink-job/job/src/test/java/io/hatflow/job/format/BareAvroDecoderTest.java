package io.hatflow.job.format;

import static io.hatflow.job.format.AvroBytes.encoded;
import static io.hatflow.job.format.AvroBytes.record;
import static io.hatflow.job.format.AvroBytes.schema;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BareAvroDecoderTest {

    /** Everything before the payload and after it is skipped. */
    private static final Schema LETTER = schema("""
            {'type': 'record', 'name': 'Letter', 'namespace': 'com.example', 'fields': [
              {'name': 'flags', 'type': {'type': 'array', 'items': 'boolean'}},
              {'name': 'counts', 'type': {'type': 'map', 'values': ['null', 'double', 'float', 'string', 'bytes']}},
              {'name': 'kind', 'type': {'type': 'enum', 'name': 'Kind', 'symbols': ['MAIL', 'FAX']}},
              {'name': 'payload', 'type': ['null', {'type': 'record', 'name': 'Payload', 'fields': [
                {'name': 'caseNumber', 'type': 'long'},
                {'name': 'body', 'type': ['null', 'string']},
                {'name': 'pages', 'type': ['null', {'type': 'array', 'items': 'string'}], 'default': null},
                {'name': 'lines', 'type': {'type': 'array', 'items': ['string', 'null']}},
                {'name': 'sent', 'type': ['null', {'type': 'long', 'logicalType': 'timestamp-micros'}]},
                {'name': 'tags', 'type': {'type': 'map', 'values': 'string'}},
                {'name': 'hash', 'type': {'type': 'fixed', 'name': 'Hash', 'size': 4}},
                {'name': 'answerTo', 'type': ['null', 'Letter']}]}]},
              {'name': 'more', 'type': ['int', 'string', 'Letter', 'Hash', {'type': 'array', 'items': 'Payload'}]}]}
            """);

    private static final Schema PAYLOAD =
            LETTER.getField("payload").schema().getTypes().get(1);
    private static final String[] BODY = {"text=payload.body", "id=payload.caseNumber"};

    private static Map<String, Object> payload(@Nullable String body) {
        Map<String, Object> fields = new HashMap<>();
        fields.put("caseNumber", 1234567890123456789L);
        fields.put("body", body);
        fields.put("pages", List.of("One.", "", "Two."));
        fields.put("lines", List.of("a", "b"));
        fields.put("sent", 1_764_324_930_123_456L);
        fields.put("tags", Map.of("court", "Köln", "other", "x"));
        fields.put("hash", hash());
        return fields;
    }

    private static Object hash() {
        return new GenericData.Fixed(PAYLOAD.getField("hash").schema(), new byte[] {1, 2, 3, 4});
    }

    private static byte[] letter(@Nullable Map<String, Object> payload, Object more) {
        Map<String, Object> fields = new HashMap<>();
        fields.put("flags", List.of(true, false, true));
        fields.put("counts", Map.of("a", 1.5, "b", 2.5f, "c", "x", "d", ByteBuffer.wrap(new byte[] {1, 2})));
        fields.put("kind", new GenericData.EnumSymbol(LETTER.getField("kind").schema(), "FAX"));
        fields.put("payload", payload == null ? null : record(PAYLOAD, payload));
        fields.put("more", more);
        return encoded(LETTER, fields);
    }

    private static Decoded decoded(Schema schema, byte @Nullable [] value, String... settings) {
        return new BareAvroDecoder(schema, Given.mapping(settings)).decode(Given.record(value));
    }

    private static Document document(Schema schema, byte[] value, String... settings) {
        Decoded decoded = decoded(schema, value, settings);
        assertThat(decoded.refusal()).isNull();
        if (decoded.document() == null) {
            throw new AssertionError("No document");
        }
        return decoded.document();
    }

    private static Refusal refusal(Schema schema, byte @Nullable [] value, String... settings) {
        Decoded decoded = decoded(schema, value, settings);
        assertThat(decoded.document()).isNull();
        return decoded.requireRefusal();
    }

    @Test
    void fieldsAreFoundWhereverTheyAre() {
        Document document = document(
                LETTER,
                letter(payload("Zwölf 😀"), 7),
                "text=payload.body",
                "id=payload.caseNumber",
                "time=payload.sent",
                "title=kind",
                "metadata=payload.tags.court,payload.tags.absent,more,payload.answerTo.payload.body");

        assertThat(document)
                .isEqualTo(Document.newBuilder()
                        .setId("1234567890123456789")
                        .setText("Zwölf 😀")
                        .setTitle("FAX")
                        .setEventTime(Instant.parse("2025-11-28T10:15:30.123Z"))
                        .setMetadata(Map.of("payload.tags.court", "Köln", "more", "7"))
                        .build());
    }

    @Test
    void textsOfArraysAreJoinedOrStayApart() {
        byte[] value = letter(payload(null), 7);
        assertThat(document(LETTER, value, "text=payload.body,payload.pages,payload.lines", "text-separator=|")
                        .getText())
                .isEqualTo("One.||Two.|a|b");
        Document apart = document(LETTER, value, "segments=payload.pages", "text=payload.body");
        assertThat(apart.getText()).isEmpty();
        assertThat(apart.getSegments()).containsExactly("One.", "", "Two.");

        Map<String, Object> payload = payload("x");
        payload.put("lines", Arrays.asList("a", null));
        assertThat(refusal(LETTER, letter(payload, 7), "text=payload.lines").message())
                .isEqualTo("payload.lines is an array that holds null; expected a text or an array of texts.");
    }

    @Test
    void whatARecordLacksIsItsDeadLetter() {
        for (Map<String, Object> payload : Arrays.<@Nullable Map<String, Object>>asList(null, payload(null))) {
            Refusal refusal = refusal(LETTER, letter(payload, 7), "text=payload.body");
            assertThat(refusal.reason()).isEqualTo(Reason.MISSING_FIELD);
            assertThat(refusal.message()).startsWith("payload.body is missing or null");
            assertThat(refusal.documentId()).isEqualTo("t-3-17");
        }
        assertThat(refusal(LETTER, letter(null, 7), "text=kind", "id=payload.caseNumber")
                        .reason())
                .isEqualTo(Reason.MISSING_FIELD);
    }

    @Test
    void aBranchOfAUnionThatCannotBeUsedIsTheRecordsFault() {
        Object array = new GenericData.Array<>(
                LETTER.getField("more").schema().getTypes().get(4), List.of(record(PAYLOAD, payload("x"))));
        assertThat(document(LETTER, letter(payload("x"), "text"), "text=more").getText())
                .isEqualTo("text");
        assertThat(refusal(LETTER, letter(payload("x"), 7), "text=more").message())
                .isEqualTo("more is an int; expected a text or an array of texts.");
        assertThat(refusal(LETTER, letter(payload("x"), array), "text=more").message())
                .startsWith("more is an array of something other than texts");
        assertThat(refusal(LETTER, letter(payload("x"), hash()), "text=more").message())
                .startsWith("more is bytes");
        assertThat(refusal(LETTER, letter(payload("x"), 7), "text=payload.body", "title=payload")
                        .message())
                .startsWith("payload is a record");
        assertThat(refusal(LETTER, letter(payload("x"), 7), "text=payload.body", "title=payload.tags")
                        .message())
                .startsWith("payload.tags is a map");
        assertThat(document(LETTER, letter(payload("x"), array), BODY).getText())
                .isEqualTo("x");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'int', 'logicalType': 'date'                   | 20420               | 2025-11-28",
                "'int', 'logicalType': 'time-millis'            | 36930123            | 10:15:30.123",
                "'long', 'logicalType': 'time-micros'           | 36930123456         | 10:15:30.123456",
                "'long', 'logicalType': 'time-micros'           | -1                  | -1",
                "'long', 'logicalType': 'timestamp-millis'      | 1764324930123       | 2025-11-28T10:15:30.123Z",
                "'long', 'logicalType': 'timestamp-micros'      | 1764324930123456    | 2025-11-28T10:15:30.123456Z",
                "'long', 'logicalType': 'timestamp-nanos'       | 1764324930123456789 | 2025-11-28T10:15:30.123456789Z",
                "'long', 'logicalType': 'local-timestamp-millis' | 1764324930123      | 2025-11-28T10:15:30.123",
                "'long', 'logicalType': 'local-timestamp-micros' | 1764324930000000   | 2025-11-28T10:15:30",
                "'long', 'logicalType': 'unheard-of'            | -9223372036854775808 | -9223372036854775808",
                "'boolean'                                      | true                | true",
                "'double'                                       | 0.1                 | 0.1",
                "'float'                                        | 1.5                 | 1.5",
                "'string', 'logicalType': 'uuid'                | 4d1f                | 4d1f",
                "'enum', 'name': 'E', 'symbols': ['A', 'B']     | B                   | B",
            })
    void singleValuesBecomeText(String type, String value, String text) {
        Schema field = schema("{'type': " + type + "}");
        Object written =
                switch (field.getType()) {
                    case INT -> Integer.valueOf(value);
                    case LONG -> Long.valueOf(value);
                    case BOOLEAN -> Boolean.valueOf(value);
                    case DOUBLE -> Double.valueOf(value);
                    case FLOAT -> Float.valueOf(value);
                    case ENUM -> new GenericData.EnumSymbol(field, value);
                    default -> value;
                };
        assertThat(id(field, written)).isEqualTo(text);
    }

    @Test
    void bytesOfALogicalTypeBecomeText() {
        Schema decimal = schema("{'type': 'bytes', 'logicalType': 'decimal', 'precision': 10, 'scale': 2}");
        assertThat(id(decimal, ByteBuffer.wrap(new byte[] {(byte) 0xFF, (byte) 0x38})))
                .isEqualTo("-2.00");
        Schema wide = schema(
                "{'type': 'fixed', 'name': 'F', 'size': 9, 'logicalType': 'decimal', 'precision': 20, 'scale': 0}");
        assertThat(id(wide, new GenericData.Fixed(wide, new byte[] {0, 0, 0, 0, 0, 0, 0, 1, 0})))
                .isEqualTo("256");
        Schema tiny = schema("{'type': 'bytes', 'logicalType': 'decimal', 'precision': 2000000, 'scale': 2000000}");
        assertThat(id(tiny, ByteBuffer.wrap(new byte[] {1}))).isEqualTo("1E-2000000");
        Schema uuid = schema("{'type': 'fixed', 'name': 'F', 'size': 16, 'logicalType': 'uuid'}");
        assertThat(id(uuid, new GenericData.Fixed(uuid, new byte[] {
                    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
                })))
                .isEqualTo("01020304-0506-0708-090a-0b0c0d0e0f10");
        Schema duration = schema("{'type': 'fixed', 'name': 'F', 'size': 12, 'logicalType': 'duration'}");
        byte[] parts = ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(1)
                .putInt(-1)
                .putInt(2_500)
                .array();
        assertThat(id(duration, new GenericData.Fixed(duration, parts))).isEqualTo("P1M4294967295DT2.5S");
    }

    private static Schema pair(Schema id) {
        return schema("{'type': 'record', 'name': 'R', 'fields': [{'name': 'id', 'type': ['null', " + id
                + "]}, {'name': 't', 'type': 'string'}]}");
    }

    private static String id(Schema field, Object value) {
        Schema pair = pair(field);
        return document(pair, encoded(pair, Map.of("id", value, "t", "x")), "text=t", "id=id")
                .getId();
    }

    @Test
    void aNumberThatIsNoDecimalOfItsPrecisionIsRefusedAndATimeIsATimeHoweverLate() {
        Schema decimal = pair(schema("{'type': 'bytes', 'logicalType': 'decimal', 'precision': 4, 'scale': 2}"));
        for (int length : new int[] {0, 1_000}) {
            byte[] value = encoded(decimal, Map.of("id", ByteBuffer.allocate(length), "t", "x"));
            assertThat(refusal(decimal, value, "text=t", "id=id").message()).contains("a decimal of " + length);
        }
        Schema time = pair(schema("{'type': 'long', 'logicalType': 'timestamp-millis'}"));
        byte[] value = encoded(time, Map.of("id", Long.MAX_VALUE, "t", "x"));
        assertThat(document(time, value, "text=t", "id=id").getId()).startsWith("+292278994-");
        assertThat(document(time, value, "text=t", "time=id").getEventTime())
                .isEqualTo(Instant.ofEpochMilli(Long.MAX_VALUE));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'long'                                           | 1764324930",
                "'int'                                            | 1764324930",
                "'double'                                         | 1764324930",
                "'string'                                         | 1764324930",
                "{'type': 'long', 'logicalType': 'timestamp-millis'} | 1764324930000",
                "{'type': 'long', 'logicalType': 'timestamp-micros'} | 1764324930000000",
            })
    void numbersCountWhatTheSettingSaysUnlessTheirTypeDoes(String type, String value) {
        Schema pair = pair(schema(type));
        Object written =
                switch (pair.getField("id").schema().getTypes().get(1).getType()) {
                    case INT -> Integer.valueOf(value);
                    case LONG -> Long.valueOf(value);
                    case DOUBLE -> Double.valueOf(value);
                    default -> value;
                };

        assertThat(document(
                                pair,
                                encoded(pair, Map.of("id", written, "t", "x")),
                                "text=t",
                                "time=id",
                                "time-unit=seconds")
                        .getEventTime())
                .isEqualTo(Instant.parse("2025-11-28T10:15:30Z"));
    }

    @Test
    void aValueThatIsCutOffAnywhereIsRefusedAndSoAreBytesAfterIt() {
        Object inner = record(
                LETTER,
                new HashMap<>(Map.of(
                        "flags",
                        List.of(),
                        "counts",
                        Collections.singletonMap("n", null),
                        "kind",
                        new GenericData.EnumSymbol(LETTER.getField("kind").schema(), "MAIL"),
                        "more",
                        "end")));
        byte[] whole = letter(payload("text"), inner);
        assertThat(decoded(LETTER, whole, BODY).document()).isNotNull();
        for (int length = 0; length < whole.length; length++) {
            assertThat(refusal(LETTER, Arrays.copyOf(whole, length), BODY).reason())
                    .as("cut off after %d bytes", length)
                    .isEqualTo(Reason.MALFORMED_DOCUMENT);
        }
        assertThat(refusal(LETTER, Arrays.copyOf(whole, whole.length + 3), BODY).message())
                .contains("3 bytes follow");
        assertThat(refusal(LETTER, null, BODY).reason()).isEqualTo(Reason.NULL_VALUE);
    }

    @Test
    void skippedValuesAreCheckedToo() throws IOException {
        Schema skipped = schema("{'type': 'record', 'name': 'R', 'fields': [{'name': 'e', 'type': {'type': 'enum',"
                + " 'name': 'E', 'symbols': ['A']}}, {'name': 'b', 'type': 'boolean'}, {'name': 'u', 'type': ['null',"
                + " 'int']}, {'name': 't', 'type': 'string'}]}");
        byte[] good = encoded(
                skipped,
                Map.of("e", new GenericData.EnumSymbol(skipped.getField("e").schema(), "A"), "b", true, "t", "x"));
        assertThat(good).startsWith(0, 1, 0);
        for (int place = 0; place < 3; place++) {
            byte[] wrong = good.clone();
            wrong[place] = 4;
            assertThat(refusal(skipped, wrong, "text=t").reason()).isEqualTo(Reason.MALFORMED_DOCUMENT);
        }
    }

    @Test
    void aRecordWithinItselfDoesNotEndTheStack() {
        Schema node = schema("{'type': 'record', 'name': 'Node', 'fields': [{'name': 'next', 'type': ['null', 'Node']},"
                + " {'name': 't', 'type': 'string'}]}");
        byte[] deep = new byte[1_000_000];
        Arrays.fill(deep, (byte) 2);
        assertThat(refusal(node, deep, "text=t").message()).contains("more than 500 deep");
        Schema self = schema("{'type': 'record', 'name': 'Self', 'fields': [{'name': 'self', 'type': 'Self'}]}");
        assertThat(refusal(self, new byte[0], "text=t").reason()).isEqualTo(Reason.MALFORMED_DOCUMENT);
        Schema inArray = schema("{'type': 'record', 'name': 'R', 'fields': [{'name': 'a', 'type': {'type': 'array',"
                + " 'items': 'R'}}]}");
        assertThat(refusal(inArray, deep, "text=t").message()).contains("more than 500 deep");
    }

    /** A union of records of which each holds the one before it, twice. */
    private static Schema tower(int height, String ground) {
        StringBuilder tower = new StringBuilder("[{'type': 'record', 'name': 'R0', 'fields': [")
                .append(ground)
                .append("]}");
        for (int i = 1; i < height; i++) {
            tower.append(", {'type': 'record', 'name': 'R" + i + "', 'fields': [{'name': 'a', 'type': 'R" + (i - 1)
                    + "'}, {'name': 'b', 'type': 'R" + (i - 1) + "'}]}");
        }
        return schema(tower.append(", {'type': 'record', 'name': 'Top', 'fields': [{'name': 'r', 'type': 'R"
                        + (height - 1) + "'}, {'name': 't', 'type': 'string'}]}]")
                .toString());
    }

    @Test
    void aSchemaOfManyLevelsTakesNoTimeAndNoStack() throws IOException {
        for (int height : new int[] {100, 20_000}) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
            encoder.writeIndex(height);
            encoder.writeString("x");
            Schema nothing = tower(height, "");
            assertThat(document(nothing, bytes.toByteArray(), "text=t", "metadata=r.a.b.c")
                            .getText())
                    .isEqualTo("x");
            byte[] numbers = Arrays.copyOf(bytes.toByteArray(), 100_000);
            assertThat(refusal(tower(height, "{'name': 'n', 'type': 'int'}"), numbers, "text=t")
                            .reason())
                    .isEqualTo(Reason.MALFORMED_DOCUMENT);
            assertThat(SchemaCheck.problems(nothing, Given.mapping("text=r.a.b.c")))
                    .hasSize(1);
        }
    }

    /** Records of nothing within one another, more of them than values may be deep. */
    @Test
    @Timeout(30)
    void itemsThatTakeNoBytesTakeNoTimeHoweverDeepTheyAre() throws IOException {
        StringBuilder types = new StringBuilder("[{'type': 'record', 'name': 'R0', 'fields': []}");
        for (int i = 1; i < 600; i++) {
            types.append(", {'type': 'record', 'name': 'R" + i + "', 'fields': [{'name': 'r', 'type': 'R" + (i - 1)
                    + "'}]}");
        }
        Schema schema = schema(types + ", {'type': 'record', 'name': 'Top', 'fields': [{'name': 'a', 'type': {'type':"
                + " 'array', 'items': 'R599'}}, {'name': 't', 'type': 'string'}]}]");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
        encoder.writeIndex(600);
        for (int block = 0; block < 500_000; block++) {
            encoder.writeLong(1_000);
        }
        encoder.writeLong(0);
        encoder.writeString("x".repeat(2_000));

        assertThat(document(schema, bytes.toByteArray(), "text=t").getText()).hasSize(2_000);
    }

    @Test
    void lengthsThatLieTakeNoMemoryAndNoTime() throws IOException {
        Schema lists =
                schema("{'type': 'record', 'name': 'R', 'fields': [{'name': 'a', 'type': {'type': 'array', 'items':"
                        + " {'type': 'record', 'name': 'Empty', 'fields': []}}}, {'name': 'm', 'type': {'type': 'map', 'values':"
                        + " 'null'}}, {'name': 't', 'type': {'type': 'array', 'items': 'string'}}]}");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
        for (int block = 0; block < 100_000; block++) {
            encoder.writeLong(20_000);
        }
        encoder.writeLong(0);
        encoder.writeLong(0);
        encoder.writeLong(1);
        encoder.writeString("x");
        encoder.writeLong(0);
        assertThat(document(lists, bytes.toByteArray(), "text=t").getText()).isEqualTo("x");

        bytes.reset();
        encoder.writeLong(0);
        encoder.writeLong(0);
        encoder.writeLong(1L << 30);
        assertThat(refusal(lists, bytes.toByteArray(), "text=t").message()).contains("1073741824");
    }

    @Test
    void aMillionEmptyTextsAreTheMost() {
        Schema lists =
                schema("{'type': 'record', 'name': 'R', 'fields': [{'name': 't', 'type': {'type': 'array', 'items':"
                        + " 'string'}}]}");
        byte[] value = encoded(lists, Map.of("t", Collections.nCopies(FieldValue.MOST_TEXTS + 1, "")));
        assertThat(refusal(lists, value, "text=t").message()).startsWith("t is an array of more than 1000000 texts");
    }

    @Test
    void aSchemaThatIsNoRecordHasNoFields() {
        Schema text = schema("'string'");
        assertThat(refusal(text, encoded(text, "x"), "text=t").reason()).isEqualTo(Reason.MISSING_FIELD);
        Schema map = schema("{'type': 'map', 'values': 'string'}");
        assertThat(document(map, encoded(map, (Object) Map.of("t", "x", "u", "y")), "text=t")
                        .getText())
                .isEqualTo("x");
    }

    @Test
    void noBytesWhateverMakeItThrow() {
        Random random = new Random(7);
        byte[] whole = letter(payload("text"), "more");
        BareAvroDecoder decoder = new BareAvroDecoder(
                LETTER, Given.mapping("text=payload.body", "id=payload.caseNumber", "title=more", "time=payload.sent"));
        for (int round = 0; round < 20_000; round++) {
            byte[] value = whole.clone();
            int changes = 1 + random.nextInt(4);
            for (int change = 0; change < changes; change++) {
                value[random.nextInt(value.length)] = (byte) random.nextInt();
            }
            Decoded decoded = decoder.decode(Given.record(value));
            assertThat(decoded.document() == null).isNotEqualTo(decoded.refusal() == null);
        }
    }
}
