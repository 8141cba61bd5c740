package io.hatflow.inference.hat;

import io.hatflow.inference.batch.BatchLayout;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.bundle.Manifest.PadSegment;
import io.hatflow.inference.text.Span;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * How windows are laid out as tensors.
 *
 * @param segmentLength K
 * @param maxSegments N
 * @param cls id that begins every segment
 * @param pad id that fills what is left of a segment
 * @param padSegment which pad segment a window of fewer than N segments gets
 */
public record Packing(int segmentLength, int maxSegments, int cls, int pad, PadSegment padSegment)
        implements BatchLayout<Window, PackedBatch> {

    public static Packing of(Manifest manifest) {
        return new Packing(
                manifest.segmentation().segmentLength(),
                manifest.segmentation().maxSegments(),
                manifest.specialTokens().cls(),
                manifest.specialTokens().pad(),
                manifest.padSegment());
    }

    /** Rows of the batch that {@code window} takes: its segments, and its pad segment if it gets one. */
    @Override
    public int rows(Window window) {
        int segments = window.segments().size();
        return segments < maxSegments && padSegment != PadSegment.NONE ? segments + 1 : segments;
    }

    @Override
    public PackedBatch layOut(List<Window> windows) {
        return new PackedBatch(this, windows);
    }

    /** Windows of one full segment each. */
    @Override
    public PackedBatch full(int windows) {
        int[] tokenIds = new int[segmentLength - 1];
        Arrays.fill(tokenIds, cls);
        Window full = new Window(tokenIds, List.of(new Span(0, tokenIds.length)));
        return layOut(Collections.nCopies(windows, full));
    }
}
