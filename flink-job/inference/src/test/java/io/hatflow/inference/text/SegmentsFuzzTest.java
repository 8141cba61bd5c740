package io.hatflow.inference.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hatflow.inference.TestFiles;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;

/** Every text has segments and windows that hold each of its tokens; {@code flink-job/fuzz.sh} searches for one that has not. */
class SegmentsFuzzTest {

    private static final Tokenizer BERT = Tokenizer.open(TestFiles.CONTRACT_CLAUSES.resolve("tokenizer.json"));
    private static final Tokenizer TINY = Tokenizer.open(TestFiles.TINY_SEGMENTS.resolve("tokenizer.json"));

    @AfterAll
    static void closeTokenizers() {
        BERT.close();
        TINY.close();
    }

    /** The first three bytes choose how the rest is read and cut. */
    @FuzzTest
    void everyTokenIsInOneSegmentAndEverySegmentInAWindow(byte[] data) {
        if (data.length < 3) {
            return;
        }
        // UTF-16 can hold what UTF-8 cannot: halves of surrogate pairs.
        String text = new String(
                data, 3, data.length - 3, (data[0] & 1) == 0 ? StandardCharsets.UTF_8 : StandardCharsets.UTF_16BE);
        Tokens tokens = ((data[0] & 2) == 0 ? BERT : TINY).tokenize(text);
        checkSpans(text, tokens);
        int segmentLength = 2 + (data[1] & 0x7F);
        Segmenter.Kind kind = (data[0] & 4) == 0 ? Segmenter.Kind.SENTENCE : Segmenter.Kind.UNIFORM;
        List<Span> segments = new Segmenter(kind, segmentLength).segment(text, tokens);
        checkSegments(segments, tokens.count(), segmentLength - 1);
        int maxSegments = 1 + (data[2] & 0xF);
        checkWindows(
                Windows.overlapping(maxSegments, (data[2] >> 4 & 0xF) % maxSegments)
                        .over(segments.size()),
                segments.size(),
                maxSegments);
    }

    private static void checkSpans(String text, Tokens tokens) {
        int start = 0;
        int end = 0;
        for (int i = 0; i < tokens.count(); i++) {
            assertThat(tokens.starts()[i]).as("start of token %d", i).isBetween(start, text.length());
            assertThat(tokens.ends()[i])
                    .as("end of token %d", i)
                    .isBetween(Math.max(end, tokens.starts()[i]), text.length());
            start = tokens.starts()[i];
            end = tokens.ends()[i];
            assertThat(splitsPair(text, start) || splitsPair(text, end))
                    .as("token %d splits a surrogate pair", i)
                    .isFalse();
        }
    }

    private static boolean splitsPair(String text, int at) {
        return at > 0 && at < text.length() && Character.isSurrogatePair(text.charAt(at - 1), text.charAt(at));
    }

    private static void checkSegments(List<Span> segments, int tokens, int room) {
        int next = 0;
        for (Span segment : segments) {
            assertThat(segment.first()).isEqualTo(next);
            assertThat(segment.length()).isBetween(1, room);
            next = segment.end();
        }
        assertThat(next).isEqualTo(tokens);
    }

    private static void checkWindows(List<Span> windows, int segments, int maxSegments) {
        int covered = 0;
        for (Span window : windows) {
            assertThat(window.first()).isBetween(0, covered);
            assertThat(window.length()).isEqualTo(Math.min(segments, maxSegments));
            covered = window.end();
        }
        assertThat(covered).isEqualTo(segments);
    }
}
