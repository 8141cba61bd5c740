package io.hatflow.job.format;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import io.hatflow.job.source.SourceRecord;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonDecoderTest {

    private static Decoded decoded(SourceRecord record, String... settings) {
        return new JsonDecoder(Given.mapping(settings)).decode(record);
    }

    /** Of a value in which quotes are written as {@code '}. */
    private static Document document(String value, String... settings) {
        Decoded decoded = decoded(Given.record(value.replace('\'', '"')), settings);
        assertThat(decoded.refusal()).as(value).isNull();
        return present(decoded.document());
    }

    private static Refusal refusal(String value, String... settings) {
        return refusal(Given.record(value.replace('\'', '"')), settings);
    }

    private static Refusal refusal(SourceRecord record, String... settings) {
        return present(decoded(record, settings).refusal());
    }

    private static <T> T present(@Nullable T value) {
        if (value == null) {
            throw new AssertionError("It is not there");
        }
        return value;
    }

    private static Decoded line(String line) {
        return DocumentFormat.lines().decoder().decode(Given.record(line.replace('\'', '"')));
    }

    @Test
    void aLineIsGivenWholeOrInSegments() {
        assertThat(line("{'id': '7', 'text': 'One. Two.', 'title': null, 'more': [{'a': 1}]}")
                        .document())
                .isEqualTo(Document.newBuilder().setId("7").setText("One. Two.").build());
        assertThat(line("{'id': '7', 'segments': ['One.', '', 'Two.'], 'title': 'A'}")
                        .document())
                .isEqualTo(Document.newBuilder()
                        .setId("7")
                        .setText("")
                        .setTitle("A")
                        .setSegments(List.of("One.", "", "Two."))
                        .build());
        assertThat(line("{'id': '7', 'text': '', 'segments': []}").document())
                .isEqualTo(Document.newBuilder().setId("7").setText("").build());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{'id': '7'}                                 | MISSING_FIELD | text or segments is missing or null",
                "{'id': '7', 'text': 5}                      | WRONG_TYPE    | text is a number; expected a text or an array",
                "{'id': '7', 'text': 'a', 'segments': ['a']} | MALFORMED_DOCUMENT | has texts in text and in segments",
                "{'id': '7', 'segments': 'a'}                | WRONG_TYPE    | segments is a text; expected an array of texts",
                "{'id': '7', 'segments': ['a', 5]}           | WRONG_TYPE    | segments is an array that holds a number",
                "{'id': '7', 'segments': ['a', null]}        | WRONG_TYPE    | segments is an array that holds null",
                "{'id': '7', 'segments': [['a']]}            | WRONG_TYPE    | segments is an array that holds an array",
            })
    void aLineThatIsNeitherIsRefusedWithItsId(String line, Reason reason, String message) {
        Refusal refusal = present(line(line).refusal());
        assertThat(refusal.reason()).isEqualTo(reason);
        assertThat(refusal.message()).contains(message);
        assertThat(refusal.documentId()).isEqualTo("7");
    }

    @Test
    void fieldsAreFoundWhereverTheyAre() {
        Document document = document(
                """
                {'skipped': {'body': 'x', 'deep': [[[{'body': 1}]]]}, 'payload': {'caseNumber': 12345678901234567890,
                 'body': 'The text.', 'sent': '2026-11-28T10:15:30.123456+01:00', 'headline': 'A title',
                 'a.b': true, 'tags': {'court': 'Köln', 'none': null}, 'list': ['x']}, 'amount': 1.50E+3}
                """,
                "text=payload.body",
                "id=payload.caseNumber",
                "title=payload.headline",
                "time=payload.sent",
                "metadata=payload.tags.court,payload.a\\.b,amount,payload.tags.none,payload.tags.absent");

        assertThat(document)
                .isEqualTo(Document.newBuilder()
                        .setId("12345678901234567890")
                        .setText("The text.")
                        .setTitle("A title")
                        .setEventTime(Instant.parse("2026-11-28T09:15:30.123Z"))
                        .setMetadata(Map.of("payload.tags.court", "Köln", "payload.a\\.b", "true", "amount", "1.50E+3"))
                        .build());
    }

    @Test
    void severalTextsAreJoinedAndThoseThatAreNotThereAreLeftOut() {
        String[] settings = {"text=subject,body,notes", "id=position"};
        assertThat(document("{'body': ['One.', 'Two.'], 'subject': 'S', 'notes': 'N'}", settings)
                        .getText())
                .isEqualTo("S\n\nOne.\n\nTwo.\n\nN");
        assertThat(document("{'body': 'B', 'subject': null}", settings).getText())
                .isEqualTo("B");
        assertThat(document("{'body': []}", settings).getText()).isEmpty();
        assertThat(refusal("{'subject': null}", settings).message())
                .isEqualTo("subject or body or notes is missing or null; expected a text or an array of texts.");
        assertThat(document("{'a': ['1', '2'], 'b': '3'}", "text=b,a", "text-separator= \\n\\t\\\\")
                        .getText())
                .isEqualTo("3 \n\t\\1 \n\t\\2");
    }

    @Test
    void aPathMayBeReadTwiceAndLeadThroughAnother() {
        Document document = document("{'a': {'b': 'x'}}", "text=a.b", "title=a.b", "metadata=a.b");
        assertThat(document.getTitle()).isEqualTo("x");
        assertThat(document.getMetadata()).containsExactly(Map.entry("a.b", "x"));
        assertThat(refusal("{'a': {'b': 'x'}}", "text=a.b", "title=a").message())
                .isEqualTo("a is an object; expected a text, a number or another single value.");
    }

    @Test
    void theIdIsAFieldTheKeyOrThePlace() {
        String value = "{\"text\": \"x\", \"key\": 5, \"n\": 007.5}".replace("007.5", "7.50");
        SourceRecord keyed = Given.keyed("k-1", value);
        assertThat(present(decoded(keyed, "text=text").document()).getId()).isEqualTo("k-1");
        assertThat(present(decoded(keyed, "text=text", "id=key").document()).getId())
                .isEqualTo("k-1");
        assertThat(present(decoded(keyed, "text=text", "id=position").document())
                        .getId())
                .isEqualTo("t-3-17");
        assertThat(present(decoded(keyed, "text=text", "id=\\key").document()).getId())
                .isEqualTo("5");
        assertThat(present(decoded(keyed, "text=text", "id=n").document()).getId())
                .isEqualTo("7.50");
        for (byte @Nullable [] key :
                new byte[] @Nullable [] {null, {}, {' '}, {(byte) 0xFF}, {0, 0, 0, 0, 1, 6, 'a', 'b', 'c'}}) {
            SourceRecord record = Given.keyed(key, value.getBytes(UTF_8));
            assertThat(present(decoded(record, "text=text").document()).getId()).isEqualTo("t-3-17");
            assertThat(refusal(record, "text=text", "id=key").reason())
                    .isEqualTo(
                            key == null
                                    ? Reason.MISSING_FIELD
                                    : key.length == 1 && key[0] < 0 ? Reason.NOT_UTF8 : Reason.INVALID_ID);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{'t': 'x'}             | MISSING_FIELD | id is missing or null",
                "{'t': 'x', 'id': null} | MISSING_FIELD | id is missing or null",
                "{'t': 'x', 'id': {}}   | WRONG_TYPE    | id is an object",
                "{'t': 'x', 'id': [7]}  | WRONG_TYPE    | id is an array that holds a number",
                "{'t': 'x', 'id': ' '}  | INVALID_ID    | id is blank",
                "{'t': {'id': 1}, 'id': 1}    | WRONG_TYPE | t is an object",
                "{'t': 'x', 'id': 1, 'at': 'yesterday'} | WRONG_TYPE | at is no time",
                "{'t': 'x', 'id': 1, 'at': 1.5}         | WRONG_TYPE | at is no time",
                "{'t': 'x', 'id': 1, 'at': 99999999999999999999} | WRONG_TYPE | at is no time",
                "{'t': 'x', 'id': 1, 'at': '+999999999-01-01T00:00:00Z'} | WRONG_TYPE | at is no time",
                "{'t': 'x', 'id': 1, 'm': {'a': 1}}     | WRONG_TYPE | m is an object",
                "{'t': 'x', 'id': 1, 'p': ['high']}     | WRONG_TYPE | p is an array of texts",
            })
    void aFieldThatCannotBeUsedIsNamed(String value, Reason reason, String message) {
        Refusal refusal = refusal(value, "text=t", "id=id", "time=at", "metadata=m", "priority=p");
        assertThat(refusal.reason()).isEqualTo(reason);
        assertThat(refusal.message()).startsWith(message).doesNotContain("yesterday");
    }

    @ParameterizedTest
    @CsvSource({
        "1764324930123, 2025-11-28T10:15:30.123Z",
        "-1, 1969-12-31T23:59:59.999Z",
        "2026-11-28, 2026-11-28T00:00:00Z",
        "2026-11-28T10:15, 2026-11-28T10:15:00Z",
        "2026-11-28 10:15:30, 2026-11-28T10:15:30Z",
        "2026-11-28T10:15:30.1234567Z, 2026-11-28T10:15:30.123Z",
        "2026-11-28T10:15:30-05:00, 2026-11-28T15:15:30Z",
        "2026-11-28T10:15:30+01:00[Europe/Berlin], 2026-11-28T09:15:30Z",
    })
    void timesAreReadAsPeopleWriteThem(String written, String time) {
        assertThat(document("{'t': 'x', 'at': '" + written + "'}", "text=t", "time=at")
                        .getEventTime())
                .isEqualTo(Instant.parse(time));
    }

    @ParameterizedTest
    @CsvSource({
        "milliseconds, 1764324930123, 2025-11-28T10:15:30.123Z",
        "seconds, 1764324930, 2025-11-28T10:15:30Z",
        "seconds, 1764324930.1239, 2025-11-28T10:15:30.123Z",
        "seconds, 1.7643249301239E9, 2025-11-28T10:15:30.123Z",
        "seconds, -0.0001, 1969-12-31T23:59:59.999Z",
        "microseconds, 1764324930123999, 2025-11-28T10:15:30.123Z",
        "nanoseconds, 1764324930123999999, 2025-11-28T10:15:30.123Z",
        "nanoseconds, -1, 1969-12-31T23:59:59.999Z",
        "seconds, '\"1764324930\"', 2025-11-28T10:15:30Z",
        "seconds, '\"2025-11-28\"', 2025-11-28T00:00:00Z",
    })
    void numbersCountWhatTheSettingSays(String unit, String written, String time) {
        assertThat(document("{'t': 'x', 'at': " + written + "}", "text=t", "time=at", "time-unit=" + unit)
                        .getEventTime())
                .isEqualTo(Instant.parse(time));
    }

    @ParameterizedTest
    @CsvSource({
        "milliseconds, 1764324930.5",
        "nanoseconds, 1.7E9",
        "seconds, 9999999999999999999",
        "seconds, 1E99",
        "seconds, 1E999999999"
    })
    void aNumberThatIsNoTimeInItsUnitIsRefused(String unit, String written) {
        assertThat(refusal("{'t': 'x', 'at': " + written + "}", "text=t", "time=at", "time-unit=" + unit))
                .isEqualTo(new Refusal(
                        Reason.WRONG_TYPE,
                        "at is no time; expected one such as 2026-11-28T10:15:30Z, or " + unit + " since 1970.",
                        "t-3-17"));
    }

    @Test
    void aRecordIsUrgentIfItsFieldSaysSo() {
        String[] settings = {"text=t", "priority=p"};
        assertThat(decoded(Given.record("{\"t\": \"x\", \"p\": \"high\"}"), settings)
                        .urgent())
                .isTrue();
        assertThat(decoded(Given.record("{\"t\": \"x\", \"p\": \"low\"}"), settings)
                        .urgent())
                .isFalse();
        assertThat(decoded(Given.record("{\"t\": \"x\"}"), settings).urgent()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "~~                        | NOT_JSON   | The value is empty",
                "~ \n~                     | NOT_JSON   | The value is empty",
                "{                         | NOT_JSON   | not valid JSON",
                "{'t': 'secret             | NOT_JSON   | not valid JSON",
                "{'t': 'secret'            | NOT_JSON   | not valid JSON",
                "{'u': {'a': [secret]}}    | NOT_JSON   | not valid JSON (at character 14)",
                "{'t': 'secret', 't': 'x'} | NOT_JSON   | not valid JSON",
                "{'u': {'a': 1, 'a': 2}}   | NOT_JSON   | not valid JSON",
                "{'t': 'secret'} {}        | NOT_JSON   | Something follows the JSON object (at character 17)",
                "{'t': 'secret'} }         | NOT_JSON   | not valid JSON",
                "{'t': NaN}                | NOT_JSON   | not valid JSON",
                "{'t': 'a\\q'}             | NOT_JSON   | not valid JSON",
                "{'u': '\t'}               | NOT_JSON   | not valid JSON",
                "[{'t': 'secret'}]         | WRONG_TYPE | The value is an array; expected a JSON object",
                "'secret'                  | WRONG_TYPE | The value is a text",
                "null                      | WRONG_TYPE | The value is null",
            })
    void whatIsNoObjectIsRefusedWithoutWhatItHolds(String value, Reason reason, String message) {
        Refusal refusal = refusal(value, "text=t");
        assertThat(refusal.reason()).isEqualTo(reason);
        assertThat(refusal.message()).contains(message).doesNotContain("secret");
    }

    @Test
    void bytesThatAreNotUtf8AreRefusedWhereverTheyStand() {
        byte[] value = "{\"u\": \"x\", \"t\": \"secret\"}".getBytes(UTF_8);
        value[7] = (byte) 0xE4;
        assertThat(refusal(Given.record(value), "text=t").reason()).isEqualTo(Reason.NOT_UTF8);
        byte[] surrogate = "{\"t\": \"???\"}".getBytes(UTF_8);
        surrogate[7] = (byte) 0xED;
        surrogate[8] = (byte) 0xA0;
        surrogate[9] = (byte) 0x80;
        assertThat(refusal(Given.record(surrogate), "text=t").reason()).isEqualTo(Reason.NOT_UTF8);
        assertThat(refusal(Given.record("{\"t\": \"x\"}".getBytes(UTF_16BE)), "text=t")
                        .reason())
                .isEqualTo(Reason.NOT_JSON);
    }

    @Test
    void aByteOrderMarkIsSkipped() {
        assertThat(document("\uFEFF{'t': 'x'}", "text=t").getText()).isEqualTo("x");
    }

    @Test
    void aRecordWithoutValueIsRefused() {
        assertThat(refusal(Given.record((byte[]) null), "text=t").reason()).isEqualTo(Reason.NULL_VALUE);
    }

    @Test
    void depthIsLimitedWhereItIsSkippedToo() {
        String deep = "[".repeat(100_000) + "]".repeat(100_000);
        assertThat(refusal("{'u': " + deep + ", 't': 'x'}", "text=t").reason()).isEqualTo(Reason.NOT_JSON);
        assertThat(refusal("{'t': " + deep + "}", "text=t").reason()).isEqualTo(Reason.NOT_JSON);
    }

    @Test
    void aTextOfMegabytesIsRead() {
        String text = "Zwölf 😀 Boxkämpfer. ".repeat(1_500_000);
        assertThat(document("{'t': '" + text + "'}", "text=t").getText()).isEqualTo(text);
    }

    @Test
    void noBytesWhateverMakeItThrow() {
        Random random = new Random(7);
        byte[] whole = "{\"id\": 7, \"t\": \"text\", \"u\": [1, {\"v\": null}]}".getBytes(UTF_8);
        JsonDecoder decoder = new JsonDecoder(Given.mapping("text=t", "id=id", "title=u", "metadata=u.v"));
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
