package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hatflow.inference.Likelihood.Passage;
import io.hatflow.inference.text.Alphabet;
import io.hatflow.inference.text.Tokens;
import io.hatflow.inference.text.UnknownCharacterException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Log-likelihoods are made up: so many bits for each symbol. */
class ScoredTextTest {

    private static final double EXACT = 1e-5;

    @Test
    void bitsPerByteAreTheMeanOfThoseOfAllBytesThatAreScored() {
        assertThat(scored("abcd", 1, 2, 3, 6).bitsPerByte()).isCloseTo(3, within(EXACT));
        assertThat(scored("abcd", 1, 2, 3, 6).bytes()).isEqualTo(4);
        ScoredText withoutFirst = new ScoredText(symbols("abcd"), logarithms(0, 2, 3, 7), new int[] {0, 1, 1, 1});
        assertThat(withoutFirst.bitsPerByte()).isCloseTo(4, within(EXACT));
        assertThat(withoutFirst.bytes()).isEqualTo(3);
        ScoredText twoBytesEach = new ScoredText(symbols("abcd"), logarithms(1, 2, 3, 6), new int[] {2, 2, 2, 2});
        assertThat(twoBytesEach.bitsPerByte()).isCloseTo(1.5, within(EXACT));
    }

    @Test
    void theWorstPassageIsFoundWhereverItBegins() {
        assertThat(scored("abcdefgh", 1, 1, 1, 5, 9, 1, 1, 1).worst(1, 2))
                .singleElement()
                .satisfies(passage -> assertPassage(passage, 3, 5, 7));
        assertThat(scored("abcdefgh", 9, 1, 1, 1, 1, 1, 1, 1).worst(1, 2))
                .singleElement()
                .satisfies(passage -> assertPassage(passage, 0, 2, 5));
        assertThat(scored("abcdefgh", 1, 1, 1, 1, 1, 1, 1, 9).worst(1, 2))
                .singleElement()
                .satisfies(passage -> assertPassage(passage, 6, 8, 5));
    }

    @Test
    void passagesAreSortedAndDoNotOverlap() {
        List<Passage> worst = scored("abcdefgh", 1, 8, 8, 1, 1, 1, 6, 6).worst(3, 2);
        assertThat(worst).hasSize(3);
        assertPassage(worst.get(0), 1, 3, 8);
        assertPassage(worst.get(1), 6, 8, 6);
        assertPassage(worst.get(2), 3, 5, 1);
        assertThat(scored("abcdefgh", 1, 8, 8, 1, 1, 1, 6, 6).worst(9, 4)).hasSize(2);
    }

    @Test
    void aTextShorterThanAPassageIsOne() {
        assertThat(scored("abc", 1, 2, 3).worst(3, 500))
                .singleElement()
                .satisfies(passage -> assertPassage(passage, 0, 3, 2));
    }

    @Test
    void passagesHoldWholeCharacters() {
        // Three bytes in one code unit, four in two.
        ScoredText scored = scored("a€😀b", 0, 9, 9, 9, 1, 1, 1, 1, 0);
        assertPassage(scored.worst(1, 1).get(0), 1, 2, 9);
        assertPassage(scored.worst(1, 5).get(0), 1, 4, 31.0 / 7);
    }

    @Test
    void noOtherPassageIsWorse() {
        Random chance = new Random(7);
        for (int round = 0; round < 300; round++) {
            double[] bits = chance.doubles(1 + chance.nextInt(40), 0, 9).toArray();
            int least = 1 + chance.nextInt(12);
            int enough = Math.min(least, bits.length);
            double worst = 0;
            for (int first = 0; first + enough <= bits.length; first++) {
                worst = Math.max(
                        worst,
                        Arrays.stream(bits, first, first + enough).average().orElseThrow());
            }
            List<Passage> found = scored("x".repeat(bits.length), bits).worst(3, least);
            assertThat(found.get(0).bitsPerByte()).isCloseTo(worst, within(EXACT));
            for (int i = 0; i < found.size(); i++) {
                Passage passage = found.get(i);
                assertThat(passage.end() - passage.start()).isEqualTo(enough);
                for (Passage before : found.subList(0, i)) {
                    assertThat(passage.bitsPerByte()).isLessThanOrEqualTo(before.bitsPerByte());
                    assertThat(passage.end() <= before.start() || before.end() <= passage.start())
                            .isTrue();
                }
            }
        }
    }

    private static void assertPassage(Passage passage, int start, int end, double bitsPerByte) {
        assertThat(passage.start()).isEqualTo(start);
        assertThat(passage.end()).isEqualTo(end);
        assertThat(passage.bitsPerByte()).isCloseTo(bitsPerByte, within(EXACT));
    }

    private static ScoredText scored(String text, double... bits) {
        int[] bytes = new int[bits.length];
        Arrays.fill(bytes, 1);
        return new ScoredText(symbols(text), logarithms(bits), bytes);
    }

    private static Tokens symbols(String text) {
        try {
            return Alphabet.utf8().symbols(text);
        } catch (UnknownCharacterException e) {
            throw new IllegalStateException(e);
        }
    }

    private static float[] logarithms(double... bits) {
        float[] logarithms = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            logarithms[i] = (float) (-bits[i] * Math.log(2));
        }
        return logarithms;
    }
}
