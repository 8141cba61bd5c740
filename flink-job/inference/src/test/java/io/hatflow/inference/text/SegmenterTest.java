package io.hatflow.inference.text;

import static io.hatflow.inference.TestFiles.pairs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.hatflow.inference.TestFiles;
import io.hatflow.inference.text.Segmenter.Kind;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SegmenterTest {

    private static final List<JsonNode> VECTORS =
            TestFiles.jsonLines(TestFiles.RESOURCES.resolve("segmentation-vectors.jsonl"));

    @Test
    void sentencesBeginWherePythonSaysTheyDo() {
        assertThat(VECTORS).hasSizeGreaterThan(50).allSatisfy(vector -> assertThat(
                        Sentences.starts(vector.get("text").asText()))
                .as(vector.get("text").asText())
                .containsExactly(TestFiles.ints(vector.get("sentence_starts"))));
    }

    @Test
    void segmentsEqualPythons() {
        int compared = 0;
        for (JsonNode vector : VECTORS) {
            String text = vector.get("text").asText();
            for (JsonNode tokenization : vector.get("tokenizations")) {
                Tokens tokens = tokens(pairs(tokenization.get("token_offsets")));
                for (JsonNode expected : tokenization.get("segments")) {
                    Segmenter segmenter = new Segmenter(
                            Kind.valueOf(expected.get("segmenter").asText().toUpperCase(Locale.ROOT)),
                            expected.get("segment_length").asInt());
                    assertThat(asPairs(segmenter.segment(text, tokens)))
                            .as("%s of %s", expected, text)
                            .isDeepEqualTo(pairs(expected.get("expected")));
                    compared++;
                }
            }
        }
        assertThat(compared).isGreaterThan(500);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void everyTokenIsInExactlyOneSegment(Kind kind) {
        Random chance = new Random(20240501);
        String alphabet = "ab .!?;\n\r\t()\"0.A";
        for (int round = 0; round < 2_000; round++) {
            String text = chance.ints(chance.nextInt(120), 0, alphabet.length())
                    .mapToObj(i -> alphabet.substring(i, i + 1))
                    .reduce("", String::concat);
            Tokens tokens = tokens(IntStream.range(0, text.length())
                    .filter(i -> !Character.isWhitespace(text.charAt(i)))
                    .mapToObj(i -> new int[] {i, i + 1})
                    .toArray(int[][]::new));
            int segmentLength = 2 + chance.nextInt(20);
            int next = 0;
            for (Span segment : new Segmenter(kind, segmentLength).segment(text, tokens)) {
                assertThat(segment.first())
                        .as("a gap or an overlap in %s", text)
                        .isEqualTo(next);
                assertThat(segment.length()).isBetween(1, segmentLength - 1);
                next = segment.end();
            }
            assertThat(next).isEqualTo(tokens.count());
        }
    }

    @Test
    void aSegmentThatHoldsOnlyTheClsTokenIsRefused() {
        assertThatThrownBy(() -> new Segmenter(Kind.UNIFORM, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("segmentLength is 1");
    }

    private static Tokens tokens(int[][] offsets) {
        int[] starts =
                IntStream.range(0, offsets.length).map(i -> offsets[i][0]).toArray();
        int[] ends = IntStream.range(0, offsets.length).map(i -> offsets[i][1]).toArray();
        return new Tokens(new int[offsets.length], starts, ends);
    }

    private static int[][] asPairs(List<Span> segments) {
        return segments.stream()
                .map(span -> new int[] {span.first(), span.end()})
                .toArray(int[][]::new);
    }
}
