package io.hatflow.inference.label;

import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.bundle.Manifest.ProblemType;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.packing.WindowLogits;
import io.hatflow.inference.text.Span;
import java.util.Arrays;
import java.util.List;

/**
 * The scores of a document, put together from its windows: {@code docs/bundle.md}, step 4; mirrored in Python's {@code scoring.py}.
 *
 * @param document [C]; of a choice of a multiple choice its logit alone, as of its segments
 * @param segments [segments][C]
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
public record DocumentScores(float[] document, float[][] segments) {

    /**
     * Put the windows together.
     *
     * @param windows for every window the segments that it holds
     * @param logits for every window the model's answer
     */
    public static DocumentScores of(Manifest manifest, List<Span> windows, List<WindowLogits> logits) {
        int labels = logits.get(0).segments()[0].length;
        float[][] segments = new float[windows.get(windows.size() - 1).end()][];
        float[] document = lowest(labels);
        for (int w = 0; w < windows.size(); w++) {
            float[][] own = logits.get(w).segments();
            for (int s = 0; s < own.length; s++) {
                int segment = windows.get(w).first() + s;
                float[] scores = scores(manifest.problemType(), own[s]);
                if (segments[segment] == null) {
                    segments[segment] = lowest(labels);
                }
                raise(segments[segment], scores);
            }
            if (manifest.task() != Task.SEGMENT_CLASSIFICATION) {
                raise(document, scores(manifest.problemType(), logits.get(w).document()));
            }
        }
        if (manifest.task() == Task.SEGMENT_CLASSIFICATION) {
            for (float[] scores : segments) {
                raise(document, scores);
            }
        }
        return new DocumentScores(document, segments);
    }

    private static float[] lowest(int labels) {
        float[] scores = new float[labels];
        Arrays.fill(scores, Float.NEGATIVE_INFINITY);
        return scores;
    }

    private static void raise(float[] scores, float[] others) {
        for (int label = 0; label < scores.length; label++) {
            scores[label] = Math.max(scores[label], others[label]);
        }
    }

    private static float[] scores(ProblemType problemType, float[] logits) {
        return switch (problemType) {
            case MULTI_LABEL -> sigmoid(logits);
            case SINGLE_LABEL -> softmax(logits);
            case REGRESSION -> logits;
        };
    }

    private static float[] sigmoid(float[] logits) {
        float[] scores = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            scores[i] = (float) (1 / (1 + Math.exp(-logits[i])));
        }
        return scores;
    }

    /** Shares of 1 that grow with the logits. */
    public static float[] softmax(float[] logits) {
        float largest = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        double[] powers = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            powers[i] = Math.exp((double) logits[i] - largest);
            sum += powers[i];
        }
        float[] scores = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            scores[i] = (float) (powers[i] / sum);
        }
        return scores;
    }
}
