package io.hatflow.inference.hat;

import io.hatflow.inference.text.Span;
import java.util.List;

/**
 * Up to N consecutive segments of one document: what the model looks at together, and a "document" of the packed graph.
 *
 * @param tokenIds ids of all tokens of the document, shared by its windows
 * @param segments for every segment of the window its run of tokens; at least one
 */
@SuppressWarnings("ArrayRecordComponent") // shared, never compared, never changed
public record Window(int[] tokenIds, List<Span> segments) {

    public Window {
        segments = List.copyOf(segments);
        if (segments.isEmpty()) {
            throw new IllegalArgumentException("a window without segments cannot be classified");
        }
    }
}
