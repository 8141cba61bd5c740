package io.hatflow.inference.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AlphabetTest {

    private static final Alphabet BYTES = Alphabet.utf8();
    private static final Alphabet CHARACTERS = Alphabet.characters(List.of("a", "é", "😀", "\uFFFD"));

    @Test
    void allBytesOfACharacterHaveItsPlace() throws UnknownCharacterException {
        Tokens symbols = BYTES.symbols("aé€😀");
        assertThat(symbols.ids()).containsExactly(0x61, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80);
        assertThat(symbols.starts()).containsExactly(0, 1, 1, 2, 2, 2, 3, 3, 3, 3);
        assertThat(symbols.ends()).containsExactly(1, 2, 2, 3, 3, 3, 5, 5, 5, 5);
        assertThat(BYTES.bytes(0xF0)).isEqualTo(1);
    }

    @Test
    void bytesAreThoseOfUtf8ForEveryCharacter() throws UnknownCharacterException {
        for (int character = 0; character <= Character.MAX_CODE_POINT; character++) {
            if (character < Character.MIN_SURROGATE || character > Character.MAX_SURROGATE) {
                assertSameBytes(Character.toString(character));
            }
        }
    }

    @Test
    void aSurrogateWithoutItsPartnerIsReadAsTheReplacementCharacter() throws UnknownCharacterException {
        Random chance = new Random(5);
        for (int round = 0; round < 2_000; round++) {
            StringBuilder text = new StringBuilder();
            StringBuilder whole = new StringBuilder();
            for (int i = 0; i < 12; i++) {
                char c = chance.nextBoolean()
                        ? (char) ('a' + chance.nextInt(3))
                        : (char) (0xD7FE + chance.nextInt(0x804));
                text.append(c);
            }
            text.codePoints()
                    .map(character -> character >= 0xD800 && character <= 0xDFFF ? 0xFFFD : character)
                    .forEach(whole::appendCodePoint);
            assertThat(BYTES.symbols(text.toString()).ids())
                    .containsExactly(BYTES.symbols(whole.toString()).ids());
            assertSameBytes(whole.toString());
        }
        Tokens symbols = CHARACTERS.symbols("\uDE00a\uD83D");
        assertThat(symbols.ids()).containsExactly(3, 0, 3);
        assertThat(symbols.starts()).containsExactly(0, 1, 2);
        assertThat(symbols.ends()).containsExactly(1, 2, 3);
    }

    @Test
    void charactersAreTheirPlacesInTheVocabulary() throws UnknownCharacterException {
        Tokens symbols = CHARACTERS.symbols("é😀a");
        assertThat(symbols.ids()).containsExactly(1, 2, 0);
        assertThat(symbols.starts()).containsExactly(0, 1, 3);
        assertThat(symbols.ends()).containsExactly(1, 3, 4);
        assertThat(Arrays.stream(symbols.ids()).map(CHARACTERS::bytes)).containsExactly(2, 4, 1);
    }

    @Test
    void aCharacterThatIsNotInTheVocabularyIsNamedByItsPlaceAlone() {
        assertThatThrownBy(() -> CHARACTERS.symbols("a😀b"))
                .isInstanceOf(UnknownCharacterException.class)
                .hasMessage("the character at 3 is none of the 4 that the model knows, expected a text of those alone");
    }

    @Test
    void nothingHasNoSymbols() throws UnknownCharacterException {
        assertThat(BYTES.symbols("").count()).isZero();
        assertThat(CHARACTERS.symbols("").count()).isZero();
    }

    private static void assertSameBytes(String text) throws UnknownCharacterException {
        byte[] expected = text.getBytes(StandardCharsets.UTF_8);
        int[] ids = BYTES.symbols(text).ids();
        assertThat(ids).hasSize(expected.length);
        for (int i = 0; i < ids.length; i++) {
            assertThat((byte) ids[i]).isEqualTo(expected[i]);
            assertThat(ids[i]).isBetween(0, 255);
        }
    }
}
