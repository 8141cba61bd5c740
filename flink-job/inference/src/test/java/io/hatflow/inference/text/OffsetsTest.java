package io.hatflow.inference.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.hatflow.inference.TestFiles;
import io.hatflow.inference.text.Segmenter.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a span of tokens cuts out of a text is what its tokens were made from. */
class OffsetsTest {

    private static final List<String> TEXTS = TestFiles.corpus().stream()
            .filter(text -> !text.get("name").asText().startsWith("large"))
            .map(TestFiles::text)
            .toList();

    private static final Set<String> SPECIAL = Set.of("<s>", "<pad>", "</s>", "<unk>", "<mask>");

    private static Tokenizer bert;
    private static Tokenizer roberta;
    private static String[] bertVocabulary;
    private static String[] robertaVocabulary;

    @BeforeAll
    static void open(@TempDir Path folder) throws IOException {
        Path shipped = TestFiles.CONTRACT_CLAUSES.resolve("tokenizer.json");
        bert = Tokenizer.open(shipped);
        bertVocabulary = vocabulary(shipped);
        Path file = folder.resolve("tokenizer.json");
        RobertaForm.read().write(file);
        roberta = Tokenizer.open(file);
        robertaVocabulary = vocabulary(file);
    }

    @AfterAll
    static void close() {
        bert.close();
        roberta.close();
    }

    private static String[] vocabulary(Path file) {
        JsonNode entries = TestFiles.json(file).get("model").get("vocab");
        String[] tokens = new String[entries.size()];
        entries.properties().forEach(entry -> tokens[entry.getValue().asInt()] = entry.getKey());
        return tokens;
    }

    @Test
    void spansLieInTheTextInOrderAndSplitNoCharacter() {
        for (String text : TEXTS) {
            for (Tokenizer tokenizer : List.of(bert, roberta)) {
                Tokens tokens = tokenizer.tokenize(text);
                int start = 0;
                int end = 0;
                for (int i = 0; i < tokens.count(); i++) {
                    boolean ordered = start <= tokens.starts()[i]
                            && end <= tokens.ends()[i]
                            && tokens.starts()[i] <= tokens.ends()[i];
                    start = tokens.starts()[i];
                    end = tokens.ends()[i];
                    if (!ordered || end > text.length() || splitsPair(text, start) || splitsPair(text, end)) {
                        throw new AssertionError("token %d at [%d, %d) of %s".formatted(i, start, end, text));
                    }
                }
            }
        }
    }

    private static boolean splitsPair(String text, int position) {
        return position > 0
                && position < text.length()
                && Character.isSurrogatePair(text.charAt(position - 1), text.charAt(position));
    }

    /**
     * The bytes of the tokens, one after the other, are the text, so each token's characters can be counted off; its span is those, less
     * the spaces at its ends.
     */
    @Test
    void tokensOfBytesAreTheirCharacters() {
        int compared = 0;
        for (String text : TEXTS) {
            Tokens tokens = roberta.tokenize(text);
            if (IntStream.of(tokens.ids()).anyMatch(id -> SPECIAL.contains(robertaVocabulary[id]))) {
                continue;
            }
            int[] units = unitOfByte(text);
            int first = 0;
            for (int i = 0; i < tokens.count(); i++) {
                String token = robertaVocabulary[tokens.ids()[i]];
                int end = first + token.length(); // a letter for every byte
                int spacesBefore =
                        token.length() - token.replaceFirst("^\u0120+", "").length();
                int spacesAfter =
                        token.length() - token.replaceFirst("\u0120+$", "").length();
                int endUnit = units[end] == units[end - 1] ? nextUnit(text, units[end - 1]) : units[end];
                int expectedStart = Math.min(units[first] + spacesBefore, endUnit);
                int expectedEnd = Math.max(endUnit - spacesAfter, expectedStart);
                assertThat(new int[] {tokens.starts()[i], tokens.ends()[i]})
                        .as("token %d, %s, of %s", i, token, text)
                        .containsExactly(expectedStart, expectedEnd);
                first = end;
                compared++;
            }
            assertThat(first).as(text).isEqualTo(units.length - 1);
        }
        assertThat(compared).isGreaterThan(100_000);
    }

    /** For every byte of the text in UTF-8, and for its end, the first code unit of its character. */
    private static int[] unitOfByte(String text) {
        int[] units = new int[text.length() * 3 + 1];
        int bytes = 0;
        for (int unit = 0; unit < text.length(); unit = nextUnit(text, unit)) {
            String character = text.substring(unit, nextUnit(text, unit));
            // As many bytes as U+FFFD has, which is what is seen of a lone surrogate.
            int length = character.length() == 1 && Character.isSurrogate(character.charAt(0))
                    ? 3
                    : character.getBytes(UTF_8).length;
            Arrays.fill(units, bytes, bytes + length, unit);
            bytes += length;
        }
        units[bytes] = text.length();
        return Arrays.copyOf(units, bytes + 1);
    }

    private static int nextUnit(String text, int unit) {
        return unit + Character.charCount(text.codePointAt(unit));
    }

    /**
     * WordPiece looks at each word alone, so a run of whole words, cut out and tokenized, gives the same tokens again. Marks that are not
     * in Unicode's canonical order are put into it first, and the span of the last one is then that of the mark which it changed places
     * with; see {@code docs/segmentation.md}.
     */
    @Test
    void wholeWordsOfASegmentAreItsTokens() {
        Segmenter segmenter = new Segmenter(Kind.SENTENCE, 16);
        int compared = 0;
        for (String text : TEXTS) {
            if (!inCanonicalOrder(text) || !Normalizer.isNormalized(text, Form.NFC)) {
                continue;
            }
            Tokens tokens = bert.tokenize(text);
            for (Span segment : segmenter.segment(text, tokens)) {
                int first = segment.first();
                while (first < segment.end() && continuesBefore(tokens, first)) {
                    first++;
                }
                int end = segment.end();
                while (end > first && end < tokens.count() && continuesBefore(tokens, end)) {
                    end--;
                }
                if (first < end) {
                    String cut = text.substring(tokens.starts()[first], tokens.ends()[end - 1]);
                    assertThat(bert.tokenize(cut).ids())
                            .as("%s, from %s", cut, text)
                            .containsExactly(Arrays.copyOfRange(tokens.ids(), first, end));
                    compared += end - first;
                }
            }
        }
        assertThat(compared).isGreaterThan(30_000);
    }

    private static boolean inCanonicalOrder(String text) {
        StringBuilder eachAlone = new StringBuilder();
        text.codePoints()
                .forEach(character -> eachAlone.append(Normalizer.normalize(Character.toString(character), Form.NFKD)));
        return Normalizer.normalize(text, Form.NFKD).contentEquals(eachAlone);
    }

    /** Whether a token is of the same word, or of the same character, as the one before it. */
    private static boolean continuesBefore(Tokens tokens, int token) {
        return continuesWord(tokens, token) || (token > 0 && tokens.starts()[token] < tokens.ends()[token - 1]);
    }

    private static boolean continuesWord(Tokens tokens, int token) {
        return bertVocabulary[tokens.ids()[token]].startsWith("##");
    }

    @Test
    void segmentsHoldAllTokensAndWindowsAllSegments() {
        Random chance = new Random(20261122);
        for (int round = 0; round < 400; round++) {
            StringBuilder joined = new StringBuilder();
            for (int piece = chance.nextInt(5); piece >= 0; piece--) {
                joined.append(TEXTS.get(chance.nextInt(TEXTS.size())));
            }
            String text = joined.toString();
            Tokens tokens = (round % 2 == 0 ? bert : roberta).tokenize(text);
            int segmentLength = 2 + chance.nextInt(40);
            int maxSegments = 1 + chance.nextInt(12);
            Windows windows = Windows.overlapping(maxSegments, chance.nextInt(maxSegments));
            for (Kind kind : Kind.values()) {
                List<Span> segments = new Segmenter(kind, segmentLength).segment(text, tokens);
                int next = 0;
                for (Span segment : segments) {
                    assertThat(segment.first()).as(text).isEqualTo(next);
                    assertThat(segment.length()).isBetween(1, segmentLength - 1);
                    next = segment.end();
                }
                assertThat(next).as(text).isEqualTo(tokens.count());
                int seen = 0;
                for (Span window : windows.over(segments.size())) {
                    assertThat(window.first()).isLessThanOrEqualTo(seen);
                    assertThat(window.length()).isLessThanOrEqualTo(maxSegments);
                    seen = window.end();
                }
                assertThat(seen).isEqualTo(segments.size());
            }
        }
    }
}
