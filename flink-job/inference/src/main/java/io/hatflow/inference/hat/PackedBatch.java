package io.hatflow.inference.hat;

import io.hatflow.inference.batch.Batch;
import io.hatflow.inference.bundle.Manifest.PadSegment;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import java.util.Arrays;
import java.util.List;

/**
 * The segments of all windows of a micro-batch, stacked: S rows of K tokens, B windows. See {@code docs/bundle.md}, "The packed graph".
 */
public final class PackedBatch implements Batch {

    private final Packing packing;
    private final List<Window> windows;
    private final int rows;
    private final long[] inputIds;
    private final long[] attentionMask;
    private final long[] documentIndex;
    private final long[] segmentIndex;
    private long tokens;

    /** Lay out at least one window. */
    public PackedBatch(Packing packing, List<Window> windows) {
        if (windows.isEmpty()) {
            throw new IllegalArgumentException("a batch needs at least one window");
        }
        this.packing = packing;
        this.windows = List.copyOf(windows);
        this.rows = windows.stream().mapToInt(packing::rows).sum();
        this.inputIds = new long[rows * packing.segmentLength()];
        this.attentionMask = new long[rows * packing.segmentLength()];
        this.documentIndex = new long[rows];
        this.segmentIndex = new long[rows];
        fill();
    }

    private void fill() {
        Arrays.fill(inputIds, packing.pad());
        int row = 0;
        for (int document = 0; document < windows.size(); document++) {
            Window window = windows.get(document);
            int first = row;
            for (Span segment : window.segments()) {
                putSegment(row, window.tokenIds(), segment);
                segmentIndex[row] = row - first + 1L;
                row++;
            }
            if (row - first < packing.rows(window)) {
                if (packing.padSegment() == PadSegment.CLS) {
                    inputIds[row * packing.segmentLength()] = packing.cls();
                }
                row++; // its segment index and its attention mask stay 0
            }
            Arrays.fill(documentIndex, first, row, (long) document);
        }
    }

    private void putSegment(int row, int[] tokenIds, Span segment) {
        if (segment.length() > packing.room()) {
            throw new IllegalArgumentException("a segment has " + segment.length() + " tokens, expected at most "
                    + packing.room() + " beside those that begin and end it");
        }
        Integer sep = packing.sep();
        int length = segment.length() + (sep == null ? 1 : 2);
        int at = row * packing.segmentLength();
        Arrays.fill(attentionMask, at, at + length, 1);
        tokens += length;
        inputIds[at] = packing.cls();
        for (int token = segment.first(); token < segment.end(); token++) {
            inputIds[++at] = tokenIds[token];
        }
        if (sep != null) {
            inputIds[++at] = sep;
        }
    }

    /** B. */
    public int windowCount() {
        return windows.size();
    }

    /** S, pad segments included. */
    @Override
    public int rows() {
        return rows;
    }

    @Override
    public long tokens() {
        return tokens;
    }

    /** S·K. */
    @Override
    public long tokenSlots() {
        return (long) rows * packing.segmentLength();
    }

    /** K. */
    public int segmentLength() {
        return packing.segmentLength();
    }

    /** [S·K]. */
    public long[] inputIds() {
        return inputIds;
    }

    /** [S·K]. */
    public long[] attentionMask() {
        return attentionMask;
    }

    /** [S]. */
    public long[] documentIndex() {
        return documentIndex;
    }

    /** [S]. */
    public long[] segmentIndex() {
        return segmentIndex;
    }

    /**
     * Deal the rows of the model's answer back to the windows.
     *
     * @param logits [B][C], or empty where the model has no document head
     * @param segmentLogits [S][C]
     * @return for every window, in order, its own rows; pad segments are left out
     */
    public List<WindowAnswer> deal(float[][] logits, float[][] segmentLogits) {
        WindowAnswer[] dealt = new WindowAnswer[windows.size()];
        int row = 0;
        for (int document = 0; document < dealt.length; document++) {
            Window window = windows.get(document);
            float[][] own = Arrays.copyOfRange(
                    segmentLogits, row, row + window.segments().size());
            dealt[document] = new WindowAnswer(logits.length == 0 ? new float[0] : logits[document], own);
            row += packing.rows(window);
        }
        return List.of(dealt);
    }
}
