package io.hatflow.inference.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hatflow.inference.text.Span;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Three segments in two windows that share the second. */
class HeadsTest {

    private static final List<Span> SEGMENTS = List.of(new Span(0, 1), new Span(1, 2), new Span(2, 3));
    private static final List<Span> WINDOWS = List.of(new Span(0, 2), new Span(1, 3));
    private static final List<WindowAnswer> ANSWERS = List.of(
            new WindowAnswer(new float[] {1, 8}, new float[][] {{0, 9}, {2, 3}}),
            new WindowAnswer(new float[] {5, 4}, new float[][] {{1, 7}, {6, 0}}));

    @Test
    void aSegmentThatTwoWindowsHoldCountsByItsBetterScore() {
        DocumentScores scores = new SegmentHead(ProblemType.REGRESSION, 2).scores(WINDOWS, ANSWERS);
        assertThat(scores.segments()).isDeepEqualTo(new float[][] {{0, 9}, {2, 7}, {6, 0}});
        assertThat(scores.document()).containsExactly(6, 9);
    }

    @Test
    void aDocumentCountsByItsBestWindowWhereTheHeadIsTheDocuments() {
        assertThat(new DocumentHead(ProblemType.REGRESSION, 2)
                        .scores(WINDOWS, ANSWERS)
                        .document())
                .containsExactly(5, 8);
    }

    @Test
    void windowsCompareByScoresAndNotByLogits() {
        float[] document = new DocumentHead(ProblemType.SINGLE_LABEL, 2)
                .scores(WINDOWS, ANSWERS)
                .document();
        assertThat(document[0]).isCloseTo((float) (1 / (1 + Math.exp(-1))), within(1e-6f));
        assertThat(document[1]).isCloseTo((float) (1 / (1 + Math.exp(-7))), within(1e-6f));
    }

    @Test
    void sharesOfChoicesAddUpToOne() {
        assertThat(new ChoiceHead().shares(new float[] {0, 0, 0, 0})).containsOnly(0.25f);
    }

    @Test
    void aVectorIsTheMeanOfItsWindows() {
        assertThat(new EmbeddingHead("2").mean(ANSWERS)).containsExactly(3, 6);
    }

    @Test
    void everyFifthTokenIsSampledFromTheFirstWindowThatHoldsItsSegment() {
        MaskedLmHead head = new MaskedLmHead(6, "1");
        List<WindowAnswer> answers = List.of(
                new WindowAnswer(new float[0], new float[][] {{10, 0, 0, 0, 0, 15}, {20, 0, 0, 0, 0, 25}}),
                new WindowAnswer(new float[0], new float[][] {{0, 0, 0, 0, 0, 0}, {30, 0, 0, 0, 0, 35}}));
        List<Span> fullShortFull = List.of(new Span(0, 5), new Span(5, 6), new Span(6, 11));
        assertThat(head.rows(fullShortFull, WINDOWS, answers))
                .isDeepEqualTo(new float[][] {{10}, {15}, {20}, {30}, {35}});
    }

    @Test
    void outputsAreThoseOfTheTask() {
        assertThat(new SegmentHead(ProblemType.MULTI_LABEL, 3).outputs()).hasToString("[segment_logits float32[S, 3]]");
        assertThat(new ChoiceHead().outputs()).hasToString("[logits float32[B, 1], segment_logits float32[S, 1]]");
        assertThat(new EmbeddingHead("8").outputs())
                .hasToString("[embedding float32[B, 8], segment_embeddings float32[S, 8]]");
        assertThat(new MaskedLmHead(6, "9").outputs()).hasToString("[token_logits float32[S, 6, 9]]");
    }

    @Test
    void aGoldenInputNeedsScoresOfEverySegment() {
        GoldenAnswers two = new GoldenAnswers(new float[1], new float[2][1], new float[0], new float[0][]);
        SegmentHead head = new SegmentHead(ProblemType.MULTI_LABEL, 1);
        assertThat(head.problem(two, 2)).isEmpty();
        assertThat(head.problem(two, SEGMENTS.size())).contains(" has segment_scores for 2 segments, but 3 segments");
    }
}
