package io.hatflow.inference.text;

import java.util.ArrayList;
import java.util.List;

/** Cuts the segments or symbols of a document into what the model can see at once: {@code docs/bundle.md}, step 3. */
public final class Windows {

    private final int maxSegments;
    private final int step;

    private Windows(int maxSegments, int step) {
        this.maxSegments = maxSegments;
        this.step = step;
    }

    /**
     * Windows that cover all of a document.
     *
     * @param maxSegments N, most segments of a window
     * @param overlap segments that two neighbouring windows share, 0…N−1
     */
    public static Windows overlapping(int maxSegments, int overlap) {
        if (overlap < 0 || overlap >= maxSegments) {
            throw new IllegalArgumentException(
                    "overlap is " + overlap + ", expected 0 to " + (maxSegments - 1) + " (below max_segments)");
        }
        return new Windows(maxSegments, maxSegments - overlap);
    }

    /**
     * Windows that are spread over a document.
     *
     * @param length N, most symbols of a window
     * @param gap symbols between two neighbouring windows that are in neither, from 0; fewer before the last window
     */
    public static Windows apart(int length, int gap) {
        if (gap < 0) {
            throw new IllegalArgumentException("gap is " + gap + ", expected at least 0");
        }
        return new Windows(length, length + gap);
    }

    /** Runs of segments: one with all of them, if they fit; otherwise all of exactly N segments, the last of which ends with the document. */
    public List<Span> over(int segmentCount) {
        if (segmentCount <= maxSegments) {
            return List.of(new Span(0, segmentCount));
        }
        List<Span> windows = new ArrayList<>();
        for (int start = 0; start + maxSegments < segmentCount; start += step) {
            windows.add(new Span(start, start + maxSegments));
        }
        windows.add(new Span(segmentCount - maxSegments, segmentCount));
        return windows;
    }
}
