package io.hatflow.job.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hatflow.events.Document;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.avro.SchemaNormalization;

/** Every value of a record is a document or is refused; {@code flink-job/fuzz.sh} searches for one that is neither. */
class SingleObjectDecoderFuzzTest {

    private static final long FINGERPRINT = SchemaNormalization.parsingFingerprint64(Document.getClassSchema());

    private final DocumentDecoder decoder = new SingleObjectDecoder(WriterSchemas.withFolder(null));

    @FuzzTest
    void everyValueIsADocumentOrIsRefused(byte[] value) throws IOException {
        check(value);
        // Nobody guesses the fingerprint of a schema.
        check(ByteBuffer.allocate(10 + value.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0xC3)
                .put((byte) 1)
                .putLong(FINGERPRINT)
                .put(value)
                .array());
    }

    private void check(byte[] value) throws IOException {
        Decoded decoded = decoder.decode(Given.record(value));
        Document document = decoded.document();
        Refusal refusal = decoded.refusal();
        assertThat(document == null).isNotEqualTo(refusal == null);
        if (refusal != null) {
            assertThat(refusal.message()).isNotBlank();
        }
        if (document != null) {
            assertThat(document.getId()).isNotBlank();
            assertThat(Document.fromByteBuffer(document.toByteBuffer())).isEqualTo(document);
        }
    }
}
