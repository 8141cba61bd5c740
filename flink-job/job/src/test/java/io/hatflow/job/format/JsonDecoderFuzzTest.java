package io.hatflow.job.format;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hatflow.events.Reason;
import java.io.ByteArrayOutputStream;
import java.util.Set;

/** Every JSON value of a record is a document or is refused; {@code flink-job/fuzz.sh} searches for one that is neither. */
class JsonDecoderFuzzTest {

    private static final Set<Reason> REASONS = Set.of(
            Reason.NOT_JSON,
            Reason.NOT_UTF8,
            Reason.MISSING_FIELD,
            Reason.WRONG_TYPE,
            Reason.INVALID_ID,
            Reason.MALFORMED_DOCUMENT);

    private final DocumentDecoder lines = DocumentFormat.lines().decoder();
    private final DocumentDecoder mapped = new JsonDecoder(Given.mapping(
            "text=a.b,t", "segments=s", "id=a.id", "title=a", "time=a.at", "priority=p", "metadata=m.x,m.y,t"));

    @FuzzTest
    void everyValueIsADocumentOrIsRefused(byte[] value) {
        DecodedRecords.check(lines, Given.record(value), REASONS);
        DecodedRecords.check(mapped, Given.record(value), REASONS);
        // What hardly any bytes are by chance.
        ByteArrayOutputStream within = new ByteArrayOutputStream();
        within.writeBytes("{\"t\": \"x\", \"a\": {\"id\": 1, \"b\": ".getBytes(UTF_8));
        within.writeBytes(value);
        within.writeBytes("}}".getBytes(UTF_8));
        DecodedRecords.check(mapped, Given.record(within.toByteArray()), REASONS);
    }
}
