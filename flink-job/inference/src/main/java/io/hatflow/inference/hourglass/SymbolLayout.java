package io.hatflow.inference.hourglass;

import io.hatflow.inference.batch.BatchLayout;
import io.hatflow.inference.text.Span;
import java.util.Collections;
import java.util.List;

/**
 * How windows of symbols are laid out as tensors.
 *
 * @param windowLength symbols of a full window
 */
public record SymbolLayout(int windowLength) implements BatchLayout<SymbolWindow, SymbolBatch> {

    /**
     * One, however short the window is: what shares its batch, and so how far it is padded, is not known yet. So no batch computes more
     * than as many full windows.
     */
    @Override
    public int rows(SymbolWindow window) {
        return 1;
    }

    @Override
    public SymbolBatch layOut(List<SymbolWindow> windows) {
        return new SymbolBatch(windowLength, windows);
    }

    /** Windows of as many symbols as the model was trained for. */
    @Override
    public SymbolBatch full(int windows) {
        SymbolWindow full = new SymbolWindow(new int[windowLength], new Span(0, windowLength));
        return layOut(Collections.nCopies(windows, full));
    }
}
