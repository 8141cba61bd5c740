package io.hatflow.inference.hat;

import io.hatflow.inference.batch.BatchLayout;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.bundle.Manifest.PadSegment;
import io.hatflow.inference.text.Span;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How windows are laid out as tensors.
 *
 * @param segmentLength K
 * @param maxSegments N
 * @param cls id that begins every segment
 * @param sep id that ends every segment; null where none does
 * @param pad id that fills what is left of a segment
 * @param padSegment which pad segment a window of fewer than N segments gets
 */
public record Packing(
        int segmentLength,
        int maxSegments,
        int cls,
        @Nullable Integer sep,
        int pad,
        PadSegment padSegment) implements BatchLayout<Window, PackedBatch> {

    public static Packing of(Manifest manifest) {
        return new Packing(
                manifest.segmentation().segmentLength(),
                manifest.segmentation().maxSegments(),
                manifest.specialTokens().cls(),
                manifest.specialTokens().sep(),
                manifest.specialTokens().pad(),
                manifest.padSegment());
    }

    /** Tokens of the text that a segment holds at most. */
    int room() {
        return segmentLength - (sep == null ? 1 : 2);
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
        int[] tokenIds = new int[room()];
        Arrays.fill(tokenIds, cls);
        Window full = new Window(tokenIds, List.of(new Span(0, tokenIds.length)));
        return layOut(Collections.nCopies(windows, full));
    }
}
