package io.hatflow.inference.text;

import java.util.ArrayList;
import java.util.List;

/** Cuts the segments of a document into what the model can see at once: {@code docs/bundle.md}, step 3. */
public final class Windows {

    private final int maxSegments;
    private final int overlap;

    /**
     * Windows of a model.
     *
     * @param maxSegments N, most segments of a window
     * @param overlap segments that two neighbouring windows share, 0…N−1
     */
    public Windows(int maxSegments, int overlap) {
        if (overlap < 0 || overlap >= maxSegments) {
            throw new IllegalArgumentException(
                    "overlap is " + overlap + ", expected 0 to " + (maxSegments - 1) + " (below max_segments)");
        }
        this.maxSegments = maxSegments;
        this.overlap = overlap;
    }

    /** Runs of segments that cover all of them: one, if they fit; otherwise all of exactly N segments. */
    public List<Span> over(int segmentCount) {
        if (segmentCount <= maxSegments) {
            return List.of(new Span(0, segmentCount));
        }
        List<Span> windows = new ArrayList<>();
        for (int start = 0; start + maxSegments < segmentCount; start += maxSegments - overlap) {
            windows.add(new Span(start, start + maxSegments));
        }
        windows.add(new Span(segmentCount - maxSegments, segmentCount));
        return windows;
    }
}
