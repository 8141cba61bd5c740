package io.hatflow.inference.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.hatflow.inference.TestFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {

    private static final Tokenizer TINY = Tokenizer.open(TestFiles.TINY_SEGMENTS.resolve("tokenizer.json"));

    @AfterAll
    static void close() {
        TINY.close();
    }

    @Test
    void idsAndOffsetsEqualPythons() {
        assertThat(vectors("tiny")).hasSizeGreaterThan(50).allSatisfy(vector -> assertEqual(TINY, vector));
    }

    @Test
    void theShippedTokenizerEqualsPythons() {
        try (Tokenizer tokenizer = Tokenizer.open(TestFiles.CONTRACT_CLAUSES.resolve("tokenizer.json"))) {
            assertThat(vectors("bert")).hasSizeGreaterThan(50).allSatisfy(vector -> assertEqual(tokenizer, vector));
        }
    }

    @Test
    void robertaBaseEqualsPythons(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        RobertaForm.read().write(file);
        try (Tokenizer tokenizer = Tokenizer.open(file)) {
            assertThat(vectors("roberta")).hasSizeGreaterThan(50).allSatisfy(vector -> assertEqual(tokenizer, vector));
        }
    }

    @Test
    void aLoneSurrogateIsReadAsAReplacementCharacterAndMovesNoOffset() {
        String text = "pay \uD83D the \uDE00\uD83D\uDE00 fee";
        Tokens tokens = TINY.tokenize(text);
        Tokens mended = TINY.tokenize("pay \uFFFD the \uFFFD\uD83D\uDE00 fee");
        assertThat(tokens.ids()).containsExactly(mended.ids());
        assertThat(tokens.starts()).containsExactly(mended.starts());
        assertThat(tokens.ends()).containsExactly(mended.ends()).endsWith(text.length());
    }

    @Test
    @Timeout(60) // a second or so; hours, if time grew with the square of the length
    void aMegabyteIsNoTrouble() {
        for (String unit : List.of("a", " ", "\uD83D")) {
            String text = unit.repeat((1 << 20) / unit.length());
            Tokens tokens = TINY.tokenize(text);
            new Segmenter(Segmenter.Kind.SENTENCE, 128).segment(text, tokens);
            assertThat(tokens.count()).as(unit).isLessThan(2); // no white space within, and too long for a word
        }
    }

    @Test
    void nothingIsTruncated() {
        assertThat(TINY.tokenize("fee ".repeat(5_000)).count()).isGreaterThanOrEqualTo(5_000);
    }

    @Test
    void aFileThatIsNoTokenizerIsRefusedByName(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), "{\"version\": 1}");
        assertThatThrownBy(() -> Tokenizer.open(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("is not a tokenizer");
        assertThatThrownBy(() -> Tokenizer.open(folder.resolve("absent.json")))
                .isInstanceOfAny(IllegalArgumentException.class, UncheckedIOException.class)
                .hasMessageContaining("absent.json");
    }

    private static List<JsonNode> vectors(String tokenizer) {
        return TestFiles.jsonLines(TestFiles.RESOURCES.resolve("tokenizer-vectors.jsonl")).stream()
                .filter(vector -> vector.get("tokenizer").asText().equals(tokenizer))
                .toList();
    }

    private static void assertEqual(Tokenizer tokenizer, JsonNode vector) {
        String text = vector.get("text").asText();
        Tokens tokens = tokenizer.tokenize(text);
        assertThat(tokens.ids()).as(text).containsExactly(TestFiles.ints(vector.get("ids")));
        int[][] offsets = TestFiles.pairs(vector.get("offsets"));
        for (int i = 0; i < offsets.length; i++) {
            assertThat(new int[] {tokens.starts()[i], tokens.ends()[i]})
                    .as("offsets of token %d of %s", i, text)
                    .containsExactly(offsets[i]);
        }
    }
}
