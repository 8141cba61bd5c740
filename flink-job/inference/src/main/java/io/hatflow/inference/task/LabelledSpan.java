package io.hatflow.inference.task;

import io.hatflow.inference.text.Span;

/**
 * A run of tokens that has a label.
 *
 * @param label its number in the bundle
 * @param segment number of the segment in the document
 * @param tokens of the document
 * @param score mean of what its tokens score for their tags
 */
public record LabelledSpan(int label, int segment, Span tokens, float score) {}
