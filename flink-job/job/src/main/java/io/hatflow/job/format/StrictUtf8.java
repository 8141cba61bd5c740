package io.hatflow.job.format;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Text of bytes that nobody vouches for. */
final class StrictUtf8 {

    private static final char REPLACEMENT = '\uFFFD';

    private StrictUtf8() {}

    /** @throws CharacterCodingException if the bytes are not UTF-8 */
    static String decode(byte[] bytes, int offset, int length) throws CharacterCodingException {
        if (length == 0) {
            return "";
        }
        // The fast way, which copies once, but replaces what is no UTF-8.
        String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
        return text.indexOf(REPLACEMENT) < 0
                ? text
                : StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes, offset, length))
                        .toString();
    }
}
