package io.hatflow.inference.packing;

import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.bundle.Manifest.PadSegment;

/**
 * How windows are laid out as tensors.
 *
 * @param segmentLength K
 * @param maxSegments N
 * @param cls id that begins every segment
 * @param pad id that fills what is left of a segment
 * @param padSegment which pad segment a window of fewer than N segments gets
 */
public record Packing(int segmentLength, int maxSegments, int cls, int pad, PadSegment padSegment) {

    public static Packing of(Manifest manifest) {
        return new Packing(
                manifest.segmentation().segmentLength(),
                manifest.segmentation().maxSegments(),
                manifest.specialTokens().cls(),
                manifest.specialTokens().pad(),
                manifest.padSegment());
    }

    /** Rows of the batch that {@code window} takes: its segments, and its pad segment if it gets one. */
    public int rows(Window window) {
        int segments = window.segments().size();
        return segments < maxSegments && padSegment != PadSegment.NONE ? segments + 1 : segments;
    }
}
