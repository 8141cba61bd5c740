package io.hatflow.inference.hourglass;

import io.hatflow.inference.text.Span;

/**
 * Consecutive symbols of one document: what the model looks at together.
 *
 * @param symbols ids of all symbols of the document, shared by its windows
 * @param span those of the window; at least one
 */
@SuppressWarnings("ArrayRecordComponent") // shared, never compared, never changed
public record SymbolWindow(int[] symbols, Span span) {

    public SymbolWindow {
        if (span.length() == 0) {
            throw new IllegalArgumentException("a window without symbols cannot be scored");
        }
    }

    public int length() {
        return span.length();
    }
}
