package io.hatflow.inference;

import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokens;
import java.util.List;

/**
 * A document on its way to the model.
 *
 * @param tokens what the model reads: tokens, or symbols
 * @param segments runs of tokens, at least one. Of a model that reads symbols they are its windows, so that neighbours overlap: a window
 *     is to it what a segment is to others
 * @param windows runs of segments that the model looks at together
 */
record SegmentedDocument(Tokens tokens, List<Span> segments, List<Span> windows) {

    /** The first {@code count} segments, in one window. */
    SegmentedDocument truncated(int count) {
        return new SegmentedDocument(tokens, segments.subList(0, count), List.of(new Span(0, count)));
    }

    int tokensSeen() {
        return segments.get(segments.size() - 1).end();
    }
}
