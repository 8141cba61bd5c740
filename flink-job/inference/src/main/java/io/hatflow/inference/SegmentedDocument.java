package io.hatflow.inference;

import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokens;
import java.util.List;

/**
 * A document on its way to the model.
 *
 * @param segments runs of tokens
 * @param windows runs of segments; none of either if the tokenizer finds no token
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
