package io.hatflow.inference.task;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How logits become scores. */
public enum ProblemType {
    @JsonProperty("single-label")
    SINGLE_LABEL {
        @Override
        float[] scores(float[] logits) {
            return softmax(logits);
        }
    },
    @JsonProperty("multi-label")
    MULTI_LABEL {
        @Override
        float[] scores(float[] logits) {
            float[] scores = new float[logits.length];
            for (int i = 0; i < logits.length; i++) {
                scores[i] = (float) (1 / (1 + Math.exp(-logits[i])));
            }
            return scores;
        }
    },
    @JsonProperty("regression")
    REGRESSION {
        @Override
        float[] scores(float[] logits) {
            return logits;
        }
    };

    /** As many as the logits. */
    abstract float[] scores(float[] logits);

    /** Shares of 1 that grow with the logits. */
    static float[] softmax(float[] logits) {
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
