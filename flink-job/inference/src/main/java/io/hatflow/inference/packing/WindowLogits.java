package io.hatflow.inference.packing;

import java.util.List;

/**
 * The model's answer for one window.
 *
 * @param document [C] the document head's, empty where the model has none; [H] of a model that gives vectors
 * @param segments [segments of the window][C]; vectors [H]; or the logits of all tokens [K·V], one token after the other
 */
@SuppressWarnings("ArrayRecordComponent") // handed from the model to the label policy, never compared
public record WindowLogits(float[] document, float[][] segments) {

    /** The mean of the windows' document rows. */
    public static float[] meanOfDocuments(List<WindowLogits> windows) {
        float[] sum = new float[windows.get(0).document().length];
        for (WindowLogits window : windows) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += window.document()[i] / windows.size();
            }
        }
        return sum;
    }

    /** Whether every number is one. */
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
