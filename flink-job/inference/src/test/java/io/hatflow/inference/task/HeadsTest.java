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
    void aDocumentOfSymbolsCountsByItsBestWindow() {
        List<Span> alone = List.of(new Span(0, 1), new Span(1, 2));
        List<WindowAnswer> answers = List.of(row(1, 8), row(5, 4));
        DocumentScores scores = new WindowHead(ProblemType.REGRESSION, 2).scores(alone, answers);
        assertThat(scores.document()).containsExactly(5, 8);
        assertThat(scores.segments()).isDeepEqualTo(new float[][] {{1, 8}, {5, 4}});
    }

    @Test
    void theLogLikelihoodOfASymbolIsThatOfTheFirstWindowThatHoldsIt() {
        List<Span> windows = List.of(new Span(0, 3), new Span(2, 5), new Span(3, 6));
        List<WindowAnswer> answers = List.of(row(-1, -2, -3), row(-9, -4, -5), row(-9, -9, -6));
        assertThat(new LanguageModelHead().logLikelihoods(windows, answers)).containsExactly(-1, -2, -3, -4, -5, -6);
        List<Span> apart = List.of(new Span(0, 3), new Span(5, 8), new Span(7, 10));
        assertThat(new LanguageModelHead().logLikelihoods(apart, answers))
                .containsExactly(-1, -2, -3, 0, 0, -9, -4, -5, -9, -6);
    }

    @Test
    void logLikelihoodsDeviateByTheirMeanAndScoresByTheLargest() {
        float[][] actual = {{-1, -2, -3, -4}};
        float[][] expected = {{-1, -2, -3, -4.4f}};
        Head language = new LanguageModelHead();
        assertThat(language.deviation(actual, expected, 0.11f)).isEmpty();
        assertThat(language.deviation(actual, expected, 0.09f))
                .contains(
                        "its log-likelihoods differ from the exporter's by 0.100000 on average, expected at most 0.0900");
        assertThat(language.deviation(actual, new float[][] {{-1, -2}}, 9)).isPresent();
        assertThat(language.deviation(new float[][] {{Float.NaN}}, new float[][] {{-1}}, 9))
                .isPresent();
        Head scores = new WindowHead(ProblemType.REGRESSION, 4);
        assertThat(scores.deviation(actual, expected, 0.41f)).isEmpty();
        assertThat(scores.deviation(actual, expected, 0.39f))
                .contains("its scores differ from the exporter's by up to 0.400000, expected at most 0.3900");
    }

    private static WindowAnswer row(float... numbers) {
        return new WindowAnswer(new float[0], new float[][] {numbers});
    }

    @Test
    void outputsAreThoseOfTheTask() {
        assertThat(new SegmentHead(ProblemType.MULTI_LABEL, 3).outputs()).hasToString("[segment_logits float32[S, 3]]");
        assertThat(new ChoiceHead().outputs()).hasToString("[logits float32[B, 1], segment_logits float32[S, 1]]");
        assertThat(new EmbeddingHead("8").outputs())
                .hasToString("[embedding float32[B, 8], segment_embeddings float32[S, 8]]");
        assertThat(new MaskedLmHead(6, "9").outputs()).hasToString("[token_logits float32[S, 6, 9]]");
        assertThat(new WindowHead(ProblemType.MULTI_LABEL, 3).outputs()).hasToString("[logits float32[W, 3]]");
        assertThat(new LanguageModelHead().outputs()).hasToString("[log_likelihood float32[W, L]]");
    }

    @Test
    void aGoldenInputNeedsScoresOfEverySegment() {
        GoldenAnswers two =
                new GoldenAnswers(new float[1], new float[2][1], new float[0], new float[0][], new float[0]);
        SegmentHead head = new SegmentHead(ProblemType.MULTI_LABEL, 1);
        assertThat(head.problem(two, 9, 2)).isEmpty();
        assertThat(head.problem(two, 9, SEGMENTS.size()))
                .contains(" has segment_scores for 2 segments, but 3 segments");
        assertThat(new WindowHead(ProblemType.MULTI_LABEL, 1).problem(two, 9, 3))
                .contains(" has window_scores for 2 windows, but 3 windows");
    }
}
