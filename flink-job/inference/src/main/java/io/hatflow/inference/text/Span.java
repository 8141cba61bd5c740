package io.hatflow.inference.text;

/**
 * A run of consecutive items: the tokens of a segment, the segments of a window.
 *
 * @param first index of the first item
 * @param end index after the last
 */
public record Span(int first, int end) {

    public Span {
        if (first < 0 || end < first) {
            throw new IllegalArgumentException("span [" + first + ", " + end + ") is no run of items");
        }
    }

    public int length() {
        return end - first;
    }
}
