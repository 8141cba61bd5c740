package io.hatflow.inference.text;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * From a text to the symbols of a model that has no tokenizer: {@code docs/bundle.md}, "Hourglass models"; mirrored in Python's {@code
 * text/symbols.py}. The text is taken as it is; a surrogate without its partner is read as U+FFFD. Immutable.
 */
public sealed interface Alphabet {

    /** Bytes of UTF-8: each is its own id. */
    static Alphabet utf8() {
        return new Utf8();
    }

    /** Characters, whose ids are their places in {@code vocabulary}: one code point each, all different. */
    static Alphabet characters(List<String> vocabulary) {
        return new Vocabulary(vocabulary);
    }

    /**
     * The symbols of a text. Their places are those of the character that they are, or are a byte of.
     *
     * @throws UnknownCharacterException if the text has a character that is not in this alphabet
     */
    Tokens symbols(String text) throws UnknownCharacterException;

    /** Bytes of UTF-8 that a symbol stands for. */
    int bytes(int id);

    /** The character that begins at a code unit. */
    private static int character(String text, int at) {
        int character = text.codePointAt(at);
        boolean lone = character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE;
        return lone ? 0xFFFD : character;
    }

    /** Bytes of a character's UTF-8 form. */
    private static int length(int character) {
        return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    }

    /** See {@link #utf8}. */
    final class Utf8 implements Alphabet {

        private Utf8() {}

        @Override
        public Tokens symbols(String text) {
            int count = 0;
            for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
                count += length(character(text, at));
            }
            int[] ids = new int[count];
            int[] starts = new int[count];
            int[] ends = new int[count];
            int symbol = 0;
            for (int at = 0; at < text.length(); ) {
                int end = at + Character.charCount(text.codePointAt(at));
                int character = character(text, at);
                int length = length(character);
                for (int left = length - 1; left >= 0; left--) {
                    ids[symbol] = unit(character, length, left);
                    starts[symbol] = at;
                    ends[symbol] = end;
                    symbol++;
                }
                at = end;
            }
            return new Tokens(ids, starts, ends);
        }

        /** The byte of a character that {@code left} others follow, each with six bits. */
        private static int unit(int character, int length, int left) {
            int bits = character >> (6 * left);
            if (length == 1) {
                return bits;
            }
            return left == length - 1 ? ((0xF00 >> length) & 0xFF) | bits : 0x80 | (bits & 0x3F);
        }

        @Override
        public int bytes(int id) {
            return 1;
        }
    }

    /** See {@link #characters}. */
    final class Vocabulary implements Alphabet {

        private final Map<Integer, Integer> ids = new HashMap<>();
        private final int[] bytes;

        private Vocabulary(List<String> vocabulary) {
            bytes = new int[vocabulary.size()];
            for (int id = 0; id < bytes.length; id++) {
                String character = vocabulary.get(id);
                ids.put(character.codePointAt(0), id);
                bytes[id] = character.getBytes(StandardCharsets.UTF_8).length;
            }
        }

        @Override
        public Tokens symbols(String text) throws UnknownCharacterException {
            int count = text.codePointCount(0, text.length());
            Tokens symbols = new Tokens(new int[count], new int[count], new int[count]);
            int at = 0;
            for (int symbol = 0; symbol < count; symbol++) {
                Integer id = ids.get(character(text, at));
                if (id == null) {
                    throw new UnknownCharacterException(at, bytes.length);
                }
                symbols.ids()[symbol] = id;
                symbols.starts()[symbol] = at;
                at += Character.charCount(text.codePointAt(at));
                symbols.ends()[symbol] = at;
            }
            return symbols;
        }

        @Override
        public int bytes(int id) {
            return bytes[id];
        }
    }
}
