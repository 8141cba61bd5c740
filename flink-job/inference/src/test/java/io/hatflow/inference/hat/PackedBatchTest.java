package io.hatflow.inference.hat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.inference.bundle.Manifest.PadSegment;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import java.util.List;
import org.junit.jupiter.api.Test;

class PackedBatchTest {

    private static final int CLS = 101;
    private static final int PAD = 9;
    private static final Window TWO_SEGMENTS =
            new Window(new int[] {1, 2, 3, 4, 5}, List.of(new Span(0, 3), new Span(3, 5)));
    private static final Window MIDDLE = new Window(new int[] {6, 7, 8}, List.of(new Span(1, 2)));

    @Test
    void segmentsOfAllWindowsAreStacked() {
        PackedBatch batch = new PackedBatch(packing(PadSegment.NONE), List.of(TWO_SEGMENTS, MIDDLE));
        assertThat(batch.rows()).isEqualTo(3);
        assertThat(batch.inputIds()).containsExactly(CLS, 1, 2, 3, CLS, 4, 5, PAD, CLS, 7, PAD, PAD);
        assertThat(batch.attentionMask()).containsExactly(1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0);
        assertThat(batch.documentIndex()).containsExactly(0, 0, 1);
        assertThat(batch.segmentIndex()).containsExactly(1, 2, 1);
    }

    @Test
    void aWindowThatIsNotFullGetsOnePadSegment() {
        PackedBatch batch = new PackedBatch(packing(PadSegment.PAD), List.of(TWO_SEGMENTS, MIDDLE));
        assertThat(batch.rows()).isEqualTo(4);
        assertThat(batch.inputIds()).endsWith(CLS, 7, PAD, PAD, PAD, PAD, PAD, PAD);
        assertThat(batch.attentionMask()).endsWith(1, 1, 0, 0, 0, 0, 0, 0);
        assertThat(batch.documentIndex()).containsExactly(0, 0, 1, 1);
        assertThat(batch.segmentIndex()).containsExactly(1, 2, 1, 0);
    }

    @Test
    void aPadSegmentOfTheOtherKindBeginsWithCls() {
        PackedBatch batch = new PackedBatch(packing(PadSegment.CLS), List.of(MIDDLE));
        assertThat(batch.inputIds()).endsWith(CLS, PAD, PAD, PAD);
        assertThat(batch.attentionMask()).endsWith(0, 0, 0, 0);
    }

    @Test
    void theSegmentsOfAnEncoderEndWithSep() {
        Packing encoder = new Packing(5, 1, CLS, 77, PAD, PadSegment.NONE);
        Window window = new Window(new int[] {1, 2, 3, 4, 5}, List.of(new Span(0, 3)));
        PackedBatch batch = new PackedBatch(encoder, List.of(window, MIDDLE));
        assertThat(batch.inputIds()).containsExactly(CLS, 1, 2, 3, 77, CLS, 7, 77, PAD, PAD);
        assertThat(batch.attentionMask()).containsExactly(1, 1, 1, 1, 1, 1, 1, 1, 0, 0);
        assertThat(batch.tokens()).isEqualTo(8);
        assertThat(encoder.full(2).attentionMask()).containsOnly(1);
    }

    @Test
    void answersAreDealtBackWithoutPadSegments() {
        PackedBatch batch = new PackedBatch(packing(PadSegment.PAD), List.of(MIDDLE, TWO_SEGMENTS));
        List<WindowAnswer> dealt = batch.deal(new float[][] {{10}, {20}}, new float[][] {{1}, {-1}, {2}, {3}});
        assertThat(dealt.get(0).document()).containsExactly(10);
        assertThat(dealt.get(0).segments()).isDeepEqualTo(new float[][] {{1}});
        assertThat(dealt.get(1).document()).containsExactly(20);
        assertThat(dealt.get(1).segments()).isDeepEqualTo(new float[][] {{2}, {3}});
    }

    @Test
    void aSegmentOfTooManyTokensIsOurBugAndSaysSo() {
        Window window = new Window(new int[] {1, 2, 3, 4}, List.of(new Span(0, 4)));
        assertThatThrownBy(() -> new PackedBatch(packing(PadSegment.NONE), List.of(window)))
                .hasMessageContaining("a segment has 4 tokens, expected at most 3 beside");
    }

    private static Packing packing(PadSegment padSegment) {
        return new Packing(4, 2, CLS, null, PAD, padSegment);
    }
}
