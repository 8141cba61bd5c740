package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hatflow.inference.Likelihood.Passage;
import io.hatflow.inference.text.Alphabet;
import io.hatflow.inference.text.Span;
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
        assertThat(scored(4, "abcd", 1, 2, 3, 6).bitsPerByte()).isCloseTo(3, within(EXACT));
        ScoredText withoutFirst = new ScoredText(whole("abcd"), logarithms(0, 2, 3, 7), new int[] {0, 1, 1, 1}, 4);
        assertThat(withoutFirst.bitsPerByte()).isCloseTo(4, within(EXACT));
        ScoredText twoBytesEach = new ScoredText(whole("abcd"), logarithms(1, 2, 3, 6), new int[] {2, 2, 2, 2}, 4);
        assertThat(twoBytesEach.bitsPerByte()).isCloseTo(1.5, within(EXACT));
    }

    @Test
    void surpriseIsWhatBytesHaveBeyondEightBits() {
        assertThat(scored(4, "abcd", 1, 8, 9, 12).surprise()).isCloseTo(5 / 4.0, within(EXACT));
        assertThat(scored(4, "abcd", 7, 8, 6, 5).surprise()).isCloseTo(0, within(EXACT));
        ScoredText twoBytesEach = new ScoredText(whole("ab"), logarithms(15, 20), new int[] {2, 2}, 4);
        assertThat(twoBytesEach.surprise()).isCloseTo(4 / 4.0, within(EXACT));
        ScoredText withoutFirst = new ScoredText(whole("ab"), logarithms(0, 10), new int[] {0, 1}, 1);
        assertThat(withoutFirst.surprise()).isCloseTo(2, within(EXACT));
    }

    @Test
    void aTextShorterThanAPassageCountsAsIfItWentOnAsExpected() {
        ScoredText scored = scored(500, "abcd", 1, 1, 13, 2);
        assertThat(scored.surprise()).isCloseTo(5 / 500.0, within(EXACT));
        assertThat(scored.worst(3)).singleElement().satisfies(passage -> assertThat(passage.surprise())
                .isCloseTo(5 / 500.0, within(EXACT)));
        assertThat(scored.bitsPerByte()).isCloseTo(17 / 4.0, within(EXACT));
    }

    @Test
    void aPassageThatSurprisesMoreIsWorseThanOneOfMoreBits() {
        List<Passage> worst = scored(2, "abcdefgh", 7, 7, 1, 1, 1, 12, 1, 1).worst(2);
        assertPassage(worst.get(0), 4, 6, 6.5);
        assertThat(worst.get(0).surprise()).isCloseTo(2, within(EXACT));
        assertPassage(worst.get(1), 0, 2, 7);
        assertThat(worst.get(1).surprise()).isZero();
    }

    @Test
    void theWorstPassageIsFoundWhereverItBegins() {
        assertThat(scored(2, "abcdefgh", 1, 1, 1, 5, 9, 1, 1, 1).worst(1))
                .singleElement()
                .satisfies(passage -> assertPassage(passage, 3, 5, 7));
        assertThat(scored(2, "abcdefgh", 9, 1, 1, 1, 1, 1, 1, 1).worst(1))
                .singleElement()
                .satisfies(passage -> assertPassage(passage, 0, 2, 5));
        assertThat(scored(2, "abcdefgh", 1, 1, 1, 1, 1, 1, 1, 9).worst(1))
                .singleElement()
                .satisfies(passage -> assertPassage(passage, 6, 8, 5));
    }

    @Test
    void passagesAreSortedAndDoNotOverlap() {
        List<Passage> worst = scored(2, "abcdefgh", 1, 8, 8, 1, 1, 1, 6, 6).worst(3);
        assertThat(worst).hasSize(3);
        assertPassage(worst.get(0), 1, 3, 8);
        assertPassage(worst.get(1), 6, 8, 6);
        assertPassage(worst.get(2), 3, 5, 1);
        assertThat(scored(4, "abcdefgh", 1, 8, 8, 1, 1, 1, 6, 6).worst(9)).hasSize(2);
    }

    @Test
    void aTextShorterThanAPassageIsOne() {
        assertThat(scored(500, "abc", 1, 2, 3).worst(3))
                .singleElement()
                .satisfies(passage -> assertPassage(passage, 0, 3, 2));
    }

    @Test
    void passagesHoldWholeCharacters() {
        // Three bytes in one code unit, four in two.
        double[] bits = {0, 9, 9, 9, 1, 1, 1, 1, 0};
        assertPassage(scored(1, "a€😀b", bits).worst(1).get(0), 1, 2, 9);
        assertPassage(scored(5, "a€😀b", bits).worst(1).get(0), 1, 4, 31.0 / 7);
    }

    @Test
    void whatIsInAGapCountsForNothing() {
        ScoredText scored = cut(3, cut("abcdefgh", new Span(0, 3), new Span(5, 8)), 1, 2, 3, 0, 0, 4, 5, 6);
        assertThat(scored.bitsPerByte()).isCloseTo(3.5, within(EXACT));
    }

    @Test
    void noPassageSpansAGap() {
        ScoredText scored = cut(2, cut("abcdefgh", new Span(0, 3), new Span(5, 8)), 1, 2, 9, 0, 0, 8, 5, 6);
        List<Passage> worst = scored.worst(3);
        assertThat(worst).hasSize(2);
        assertPassage(worst.get(0), 1, 3, 5.5);
        assertPassage(worst.get(1), 5, 7, 6.5);
        assertThat(worst).extracting(Passage::window).containsExactly(0, 1);
    }

    @Test
    void windowsThatOverlapOrTouchAreOneStretch() {
        SegmentedDocument document = cut("abcdefghij", new Span(0, 3), new Span(4, 7), new Span(6, 9), new Span(9, 10));
        assertThat(document.stretches()).containsExactly(new Span(0, 3), new Span(4, 10));
        assertThat(document.tokensSeen()).isEqualTo(9);
        List<Passage> worst = cut(4, document, 1, 1, 1, 0, 1, 1, 5, 5, 5, 5).worst(1);
        assertThat(worst).singleElement().satisfies(passage -> assertPassage(passage, 6, 10, 5));
        assertThat(worst.get(0).window()).isEqualTo(1);
    }

    /** Which is at most a window: a passage is then the worst of the windows, each of which is a passage. */
    @Test
    void aWindowShorterThanAPassageIsOne() {
        List<Passage> worst = cut(500, cut("abcdefgh", new Span(0, 3), new Span(5, 8)), 1, 2, 9, 0, 0, 8, 5, 6)
                .worst(3);
        assertThat(worst).hasSize(2);
        assertPassage(worst.get(0), 0, 3, 4);
        assertPassage(worst.get(1), 5, 8, 19.0 / 3);
    }

    /** The gap is the third of four bytes of a character, which both windows see a part of. */
    @Test
    void passagesDoNotShareACharacterThatAGapSplits() {
        ScoredText scored = cut(3, cut("ab😀cd", new Span(0, 4), new Span(5, 8)), 1, 1, 9, 9, 0, 9, 1, 1);
        List<Passage> worst = scored.worst(3);
        assertThat(worst).hasSize(1);
        assertPassage(worst.get(0), 1, 4, 19.0 / 3);
    }

    @Test
    void ofPassagesThatAreAlikeTheFirstIsTheWorstHoweverTheyAreRounded() {
        double off = ScoredText.WORSE_BY / 3;
        assertPassage(
                scored(1, "abcdefgh", 1, 5, 1, 1, 5 + off, 1, 5 + 2 * off, 1)
                        .worst(1)
                        .get(0),
                1,
                2,
                5);
        assertThat(scored(1, "abcdefgh", 1, 5, 1, 1, 5 + 4 * off, 1, 5, 1)
                        .worst(1)
                        .get(0)
                        .start())
                .isEqualTo(4);
    }

    /** Each passage surprises a little less than the one before it, and has more bits. */
    @Test
    void manySmallStepsDoNotLeadAwayFromTheWorst() {
        double[] bits = new double[1_000];
        for (int i = 0; i < 500; i++) {
            bits[i] = i % 2 == 0 ? 8.04 : 1;
            bits[500 + i] = 7.9;
        }
        assertThat(scored(500, "x".repeat(1_000), bits).worst(1))
                .singleElement()
                .satisfies(
                        passage -> assertThat(passage.surprise()).isCloseTo(0.02, within(ScoredText.WORSE_BY + EXACT)));
    }

    @Test
    void noOtherPassageIsWorse() {
        Random chance = new Random(7);
        for (int round = 0; round < 300; round++) {
            double[] bits = chance.doubles(1 + chance.nextInt(40), 0, 14).toArray();
            int least = 1 + chance.nextInt(12);
            int enough = Math.min(least, bits.length);
            double worst = 0;
            for (int first = 0; first + enough <= bits.length; first++) {
                worst = Math.max(
                        worst,
                        Arrays.stream(bits, first, first + enough)
                                .map(each -> Math.max(0, each - 8))
                                .average()
                                .orElseThrow());
            }
            List<Passage> found = scored(least, "x".repeat(bits.length), bits).worst(3);
            assertThat(found.get(0).surprise()).isCloseTo(worst * enough / least, within(ScoredText.WORSE_BY + EXACT));
            for (int i = 0; i < found.size(); i++) {
                Passage passage = found.get(i);
                assertThat(passage.end() - passage.start()).isEqualTo(enough);
                for (Passage before : found.subList(0, i)) {
                    assertThat(passage.surprise()).isLessThanOrEqualTo(before.surprise() + ScoredText.WORSE_BY);
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

    private static ScoredText scored(int passageBytes, String text, double... bits) {
        int[] bytes = new int[bits.length];
        Arrays.fill(bytes, 1);
        return new ScoredText(whole(text), logarithms(bits), bytes, passageBytes);
    }

    private static SegmentedDocument whole(String text) {
        Tokens symbols = symbols(text);
        return cut(text, new Span(0, symbols.count()));
    }

    private static SegmentedDocument cut(String text, Span... windows) {
        return new SegmentedDocument(symbols(text), List.of(windows), List.of(new Span(0, windows.length)));
    }

    /** All symbols that are seen are scored. */
    private static ScoredText cut(int passageBytes, SegmentedDocument document, double... bits) {
        int[] bytes = new int[bits.length];
        document.stretches().forEach(stretch -> Arrays.fill(bytes, stretch.first(), stretch.end(), 1));
        return new ScoredText(document, logarithms(bits), bytes, passageBytes);
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
