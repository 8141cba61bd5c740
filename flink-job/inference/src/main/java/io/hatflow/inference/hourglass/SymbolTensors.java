package io.hatflow.inference.hourglass;

import io.hatflow.inference.text.Span;
import java.util.Arrays;
import java.util.List;

/** Windows as rows, padded at their end to the longest: W rows of L symbols. */
final class SymbolTensors {

    private final List<Integer> places;
    private final int width;
    private final long[] inputIds;
    private final long[] attentionMask;
    private final long[] offset;

    /**
     * Lay out at least one window.
     *
     * @param places which of the batch's windows, the longest first
     */
    SymbolTensors(List<Integer> places, List<SymbolWindow> windows) {
        this.places = List.copyOf(places);
        this.width = windows.get(places.get(0)).length();
        this.inputIds = new long[places.size() * width];
        this.attentionMask = new long[places.size() * width];
        this.offset = new long[places.size()];
        for (int row = 0; row < offset.length; row++) {
            put(row, windows.get(places.get(row)));
        }
    }

    private void put(int row, SymbolWindow window) {
        Span span = window.span();
        int at = row * width;
        Arrays.fill(attentionMask, at, at + span.length(), 1);
        for (int symbol = span.first(); symbol < span.end(); symbol++) {
            inputIds[at++] = window.symbols()[symbol];
        }
        offset[row] = span.first();
    }

    /** For every row the place of its window in the batch. */
    List<Integer> places() {
        return places;
    }

    /** W. */
    int rows() {
        return offset.length;
    }

    /** L. */
    int width() {
        return width;
    }

    /** Symbols that are no padding. */
    long symbols() {
        return Arrays.stream(attentionMask).sum();
    }

    /** W·L. */
    long slots() {
        return inputIds.length;
    }

    /** [W·L], 0 in padding. */
    long[] inputIds() {
        return inputIds;
    }

    /** [W·L]. */
    long[] attentionMask() {
        return attentionMask;
    }

    /** [W]. */
    long[] offset() {
        return offset;
    }

    /** Symbols of a row. */
    int length(int row) {
        int length = width;
        while (attentionMask[row * width + length - 1] == 0) {
            length--;
        }
        return length;
    }
}
