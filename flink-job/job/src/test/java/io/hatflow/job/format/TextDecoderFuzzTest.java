package io.hatflow.job.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.Set;

/** Every value is its text if it is UTF-8, and is refused if not; {@code flink-job/fuzz.sh} searches for one of which neither holds. */
class TextDecoderFuzzTest {

    private static final byte[] KEY = {'k'};
    private static final byte[] MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
    private static final Set<Reason> KEY_REASONS = Set.of(Reason.INVALID_ID, Reason.NOT_UTF8);

    private final DocumentDecoder decoder = DocumentFormat.text().decoder();
    private final DocumentDecoder underKey = new TextDecoder(IdSource.Kind.KEY);

    @FuzzTest
    void everyValueIsItsTextOrIsRefused(byte[] value) {
        checkValue(value);
        byte[] marked = Arrays.copyOf(MARK, MARK.length + value.length);
        System.arraycopy(value, 0, marked, MARK.length, value.length);
        checkValue(marked);
        checkKey(value);
    }

    private void checkValue(byte[] value) {
        Decoded decoded = decoder.decode(Given.keyed(KEY, value));
        Document document = decoded.document();
        assertThat(document != null).as("whether it is a document").isEqualTo(isUtf8(value));
        if (document == null) {
            assertThat(decoded.requireRefusal().reason()).isEqualTo(Reason.NOT_UTF8);
            assertThat(decoded.requireRefusal().documentId()).isEqualTo("k");
            return;
        }
        int before = value.length >= 3 && Arrays.equals(value, 0, 3, MARK, 0, 3) ? 3 : 0;
        assertThat(document.getId()).isEqualTo("k");
        assertThat(document.getText().getBytes(UTF_8)).isEqualTo(Arrays.copyOfRange(value, before, value.length));
    }

    private void checkKey(byte[] key) {
        DecodedRecords.check(underKey, Given.keyed(key, KEY), KEY_REASONS);
        DecodedRecords.check(decoder, Given.keyed(key, KEY), Set.of());
        Document withKey = underKey.decode(Given.keyed(key, KEY)).document();
        assertThat(decoder.decode(Given.keyed(key, KEY)).document())
                .as("under the key, or under the position where the key cannot be the id")
                .hasFieldOrPropertyWithValue("id", withKey == null ? "t-3-17" : withKey.getId());
        if (withKey != null) {
            assertThat(withKey.getId().getBytes(UTF_8)).isEqualTo(key);
        }
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            CharBuffer unused = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
