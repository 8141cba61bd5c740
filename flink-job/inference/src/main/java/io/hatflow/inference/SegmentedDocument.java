package io.hatflow.inference;

import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokens;
import java.util.ArrayList;
import java.util.List;

/**
 * A document on its way to the model.
 *
 * @param tokens what the model reads: tokens, or symbols
 * @param segments runs of tokens, at least one. Of a model that reads symbols they are its windows, so that neighbours overlap or leave
 *     gaps: a window is to it what a segment is to others
 * @param windows runs of segments that the model looks at together
 */
record SegmentedDocument(Tokens tokens, List<Span> segments, List<Span> windows) {

    /** The first {@code count} segments, in one window. */
    SegmentedDocument truncated(int count) {
        return new SegmentedDocument(tokens, segments.subList(0, count), List.of(new Span(0, count)));
    }

    /** The tokens that the model sees, in runs without a gap: one, unless windows of symbols leave gaps. */
    List<Span> stretches() {
        List<Span> stretches = new ArrayList<>(segments.subList(0, 1));
        for (Span segment : segments.subList(1, segments.size())) {
            Span last = stretches.get(stretches.size() - 1);
            if (segment.first() <= last.end()) {
                stretches.set(stretches.size() - 1, new Span(last.first(), segment.end()));
            } else {
                stretches.add(segment);
            }
        }
        return stretches;
    }

    /** How much of the text the model sees. */
    Coverage coverage() {
        if (segments.get(segments.size() - 1).end() < tokens.count()) {
            return Coverage.TRUNCATED;
        }
        if (tokensSeen() < tokens.count()) {
            return Coverage.SAMPLED;
        }
        return windows.size() > 1 ? Coverage.WINDOWED : Coverage.COMPLETE;
    }

    int tokensSeen() {
        return stretches().stream().mapToInt(Span::length).sum();
    }
}
