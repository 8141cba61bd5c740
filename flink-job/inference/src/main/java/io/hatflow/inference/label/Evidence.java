package io.hatflow.inference.label;

import org.jspecify.annotations.Nullable;

/**
 * A span of the original text.
 *
 * @param start first UTF-16 code unit
 * @param end UTF-16 code unit after the last
 * @param segment number of the segment, or window of symbols, in the document, from 0; of a passage that of the window in which it begins
 * @param score its own score for the label
 * @param bitsPerByte of a passage, by a language model; null of a segment
 */
public record Evidence(
        int start,
        int end,
        int segment,
        float score,
        @Nullable Float bitsPerByte) {

    /** A segment. */
    public Evidence(int start, int end, int segment, float score) {
        this(start, end, segment, score, null);
    }
}
