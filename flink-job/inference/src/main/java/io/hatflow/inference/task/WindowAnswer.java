package io.hatflow.inference.task;

import io.hatflow.inference.batch.Answer;

/**
 * The model's answer for one window.
 *
 * @param document [C] the document head's, empty where the model has none; [H] of a model that gives vectors
 * @param segments [segments of the window][C]; vectors [H]; the logits of all tokens [K·V], one token after the other; or of a window of
 *     symbols one row, [C] or a log-likelihood for each symbol
 */
@SuppressWarnings("ArrayRecordComponent") // handed from the model to its head, never compared
public record WindowAnswer(float[] document, float[][] segments) implements Answer {

    @Override
    public boolean isFinite() {
        boolean finite = allFinite(document);
        for (float[] segment : segments) {
            finite &= allFinite(segment);
        }
        return finite;
    }

    private static boolean allFinite(float[] row) {
        for (float value : row) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }
}
