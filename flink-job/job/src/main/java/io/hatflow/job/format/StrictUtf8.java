package io.hatflow.job.format;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Text of bytes that nobody vouches for. */
final class StrictUtf8 {

    private static final char REPLACEMENT = '\uFFFD';
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private StrictUtf8() {}

    /** How many bytes stand before a text: those of a byte order mark, which is none of its characters, or none. */
    static int before(byte[] text) {
        return text.length >= BYTE_ORDER_MARK.length
                        && Arrays.equals(text, 0, BYTE_ORDER_MARK.length, BYTE_ORDER_MARK, 0, BYTE_ORDER_MARK.length)
                ? BYTE_ORDER_MARK.length
                : 0;
    }

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
