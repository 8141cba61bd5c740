package io.hatflow.inference.label;

/**
 * A span of the original text.
 *
 * @param start first UTF-16 code unit
 * @param end UTF-16 code unit after the last
 * @param segment number of the segment, or window of symbols, in the document, from 0; of a passage that of the window in which it begins
 * @param score its own score for the label
 */
public record Evidence(int start, int end, int segment, float score) {}
