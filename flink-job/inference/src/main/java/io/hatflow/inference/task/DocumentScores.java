package io.hatflow.inference.task;

/**
 * The scores of a document.
 *
 * @param document [C]; of a choice of a multiple choice its logit alone, as of its segments
 * @param segments [segments][C]
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
public record DocumentScores(float[] document, float[][] segments) {}
