package io.hatflow.inference.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.hatflow.inference.TestFiles;
import io.hatflow.inference.text.Segmenter.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Over a thousand texts of every kind, tokenized and segmented as Python does it. What is expected was written by {@code
 * corpus_vectors.py}, whose digests are computed anew here; see there.
 */
class CorpusTest {

    private static final List<JsonNode> CORPUS = TestFiles.corpus();
    private static final List<Segmenter> CUTS = List.of(
            new Segmenter(Kind.SENTENCE, 2),
            new Segmenter(Kind.SENTENCE, 16),
            new Segmenter(Kind.SENTENCE, 128),
            new Segmenter(Kind.UNIFORM, 128));

    /** A {@code tokenizer.json} of roberta-base, whose own numbering is to be tried as well. */
    private static final String PUBLISHED = System.getProperty("hatflow.roberta-tokenizer", "");

    @Test
    void thereAreOverAThousandTexts() {
        assertThat(CORPUS.stream().map(TestFiles::text).distinct().count()).isGreaterThan(1_000);
    }

    @Test
    void theShippedTokenizerEqualsPythons() {
        Path shipped = TestFiles.CONTRACT_CLAUSES.resolve("tokenizer.json");
        assertThat(differences("bert", shipped, IntUnaryOperator.identity())).isEmpty();
    }

    @Test
    void robertaBaseEqualsPythons(@TempDir Path folder) throws IOException {
        RobertaForm form = RobertaForm.read();
        Path file = folder.resolve("tokenizer.json");
        form.write(file);
        assertThat(differences("roberta", file, IntUnaryOperator.identity())).isEmpty();
        if (!PUBLISHED.isEmpty()) {
            Path published = Path.of(PUBLISHED);
            assertThat(differences("roberta", published, renumbering(published, form.numbers())))
                    .isEmpty();
        }
    }

    @Test
    void cleaningEqualsPythons() {
        List<String> differences = new ArrayList<>();
        for (JsonNode record : CORPUS) {
            CleanedText cleaned = TextCleaning.PDF.clean(TestFiles.text(record));
            int[] codePoints = codePointStarts(cleaned.text());
            int[] ends = new int[codePoints.length];
            for (int i = 0; i < ends.length; i++) {
                ends[i] = codePoints[i] + Character.charCount(cleaned.text().codePointAt(codePoints[i]));
            }
            int[] characters = cleaned.text().codePoints().toArray();
            Tokens places = cleaned.original(new Tokens(characters, codePoints, ends));
            check(
                    differences,
                    record,
                    "cleaned",
                    record.get("cleaned"),
                    digest(characters, places.starts(), places.ends()));
        }
        assertThat(differences).isEmpty();
    }

    private static int[] codePointStarts(String text) {
        return IntStream.range(0, text.length())
                .filter(i -> i == 0 || !Character.isSurrogatePair(text.charAt(i - 1), text.charAt(i)))
                .toArray();
    }

    /** From the ids of a {@code tokenizer.json} to {@code numbers}. */
    private static IntUnaryOperator renumbering(Path tokenizer, Map<String, Integer> numbers) {
        JsonNode vocabulary = TestFiles.json(tokenizer).get("model").get("vocab");
        int[] renumbered = new int[vocabulary.size()];
        vocabulary
                .properties()
                .forEach(token -> renumbered[token.getValue().asInt()] = numbers.getOrDefault(token.getKey(), -1));
        return id -> renumbered[id];
    }

    private static List<String> differences(String name, Path tokenizerJson, IntUnaryOperator renumbering) {
        List<String> differences = new ArrayList<>();
        try (Tokenizer tokenizer = Tokenizer.open(tokenizerJson)) {
            for (JsonNode record : CORPUS) {
                String text = TestFiles.text(record);
                JsonNode expected = record.get("tokenizers").get(name);
                Tokens tokens = tokenizer.tokenize(text);
                IntStream ids = IntStream.of(tokens.ids()).map(renumbering);
                check(differences, record, "sentences", record.get("sentences"), digest(Sentences.starts(text)));
                check(differences, record, "count", expected.get(0), String.valueOf(tokens.count()));
                check(
                        differences,
                        record,
                        "tokens",
                        expected.get(1),
                        digest(ids.toArray(), tokens.starts(), tokens.ends()));
                check(differences, record, "segments", expected.get(2), digest(segmentEnds(text, tokens)));
                Tokens alone = Tokenization.PER_SENTENCE.tokens(tokenizer, text);
                check(
                        differences,
                        record,
                        "tokens sentence by sentence",
                        expected.get(3),
                        digest(IntStream.of(alone.ids()).map(renumbering).toArray(), alone.starts(), alone.ends()));
            }
        }
        return differences;
    }

    private static void check(List<String> differences, JsonNode record, String what, JsonNode expected, String found) {
        if (!expected.asText().equals(found)) {
            differences.add("%s of %s: %s instead of %s".formatted(what, record.get("name"), found, expected));
        }
    }

    private static int[][] segmentEnds(String text, Tokens tokens) {
        return CUTS.stream()
                .map(segmenter -> segmenter.segment(text, tokens).stream()
                        .mapToInt(Span::end)
                        .toArray())
                .toArray(int[][]::new);
    }

    private static String digest(int[]... lists) {
        String numbers = Stream.of(lists)
                .map(list -> IntStream.of(list).mapToObj(String::valueOf).collect(Collectors.joining(",")))
                .collect(Collectors.joining("|"));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(numbers.getBytes(UTF_8));
            return HexFormat.of().formatHex(digest, 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
