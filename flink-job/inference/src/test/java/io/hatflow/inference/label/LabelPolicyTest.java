package io.hatflow.inference.label;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.inference.bundle.Bundle;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.task.DocumentScores;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokens;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Scores are made up; the bundles say which labels exclude each other, and from which score on they hold. */
class LabelPolicyTest {

    private static final Path BUNDLES = Path.of("src/test/resources/bundles");

    /** Four segments of one token each. */
    private static final Tokens TOKENS =
            new Tokens(new int[] {5, 6, 7, 8}, new int[] {0, 2, 4, 6}, new int[] {1, 3, 5, 7});

    private static final List<Span> SEGMENTS = List.of(new Span(0, 1), new Span(1, 2), new Span(2, 3), new Span(3, 4));

    @Test
    void ofLabelsThatExcludeEachOtherWithoutThresholdsTheBestIsPresentHoweverLowItsScore() {
        float[] document = {0.10f, 0.11f, 0.12f, 0.13f, 0.12f, 0.11f, 0.11f, 0.10f, 0.10f};
        float[] other = {0.2f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f};
        List<LabelScore> labels = label("tiny-single", document, document, other, document, other);
        assertThat(present(labels)).containsExactly("LABEL_3");
        assertThat(labels.get(3).score()).isEqualTo(0.13f);
    }

    @Test
    void equalScoresLeaveOneLabel() {
        float[] equal = new float[9];
        Arrays.fill(equal, (float) (1.0 / 9));
        assertThat(present(label("tiny-single", equal, equal, equal, equal, equal)))
                .containsExactly("LABEL_0");
    }

    @Test
    void aThresholdStillKeepsTheBestOfLabelsThatExcludeEachOtherAway() {
        float[] below = {0.33f, 0.33f, 0.34f};
        assertThat(present(label("tiny-documents", below, below, below, below, below)))
                .isEmpty();
        float[] from = {0.32f, 0.32f, 0.36f};
        assertThat(present(label("tiny-documents", from, from, from, from, from)))
                .containsExactly("letter");
        float[] withoutThreshold = {0.34f, 0.33f, 0.33f};
        assertThat(present(label(
                        "tiny-documents",
                        withoutThreshold,
                        withoutThreshold,
                        withoutThreshold,
                        withoutThreshold,
                        withoutThreshold)))
                .containsExactly("contract");
    }

    @Test
    void evidenceOfTheBestLabelAreTheSegmentsThatItIsTheBestOf() {
        float[] second = {0.50f, 0.05f, 0.45f};
        float[] first = {0.60f, 0.20f, 0.20f};
        float[] lost = {0.48f, 0.50f, 0.02f};
        float[] low = {0.40f, 0.30f, 0.30f};
        List<LabelScore> labels = label("tiny-documents", first, second, lost, first, low);
        assertThat(segments(labels.get(0))).containsExactly(2, 0, 3);
        assertThat(segments(labels.get(1))).containsExactly(1);
        assertThat(segments(labels.get(2))).containsExactly(0);
    }

    @Test
    void evidenceOfALabelThatMayHoldBesideOthersAreTheSegmentsThatReachItsThreshold() {
        float[] high = {0.9f, 0.6f, 0.1f, 0.1f};
        float[] low = {0.59f, 0.4f, 0.1f, 0.1f};
        List<LabelScore> labels = label("tiny-segments", high, low, high, low, high);
        assertThat(present(labels)).containsExactly("payment", "termination");
        assertThat(segments(labels.get(0))).containsExactly(1, 3);
        assertThat(segments(labels.get(2))).containsExactly(0);
    }

    private static List<LabelScore> label(String bundle, float[] document, float[]... segments) {
        Manifest manifest = Bundle.open(BUNDLES.resolve(bundle)).manifest();
        return new LabelPolicy(manifest, 3).label(new DocumentScores(document, segments), TOKENS, SEGMENTS);
    }

    private static List<String> present(List<LabelScore> labels) {
        return labels.stream()
                .filter(LabelScore::aboveThreshold)
                .map(LabelScore::label)
                .toList();
    }

    private static List<Integer> segments(LabelScore label) {
        return label.evidence().stream().map(Evidence::segment).toList();
    }
}
