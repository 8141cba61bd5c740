package io.hatflow.inference.task;

import io.hatflow.inference.onnx.TensorSpec;
import java.util.List;
import java.util.Optional;

/**
 * Classifies windows of symbols, which are to their document what segments of tokens are to another. The document gets, for every label,
 * the score of its best window.
 */
public final class WindowHead extends ScoringHead {

    /** A head of {@code labels} labels. */
    public WindowHead(ProblemType problemType, int labels) {
        super(problemType, labels);
    }

    @Override
    public Optional<TensorSpec> documentOutput() {
        return Optional.empty();
    }

    @Override
    public TensorSpec segmentOutput() {
        return logits("W");
    }

    @Override
    float[] documentScores(List<WindowAnswer> answers, float[][] windowScores) {
        return best(List.of(windowScores));
    }

    @Override
    String part() {
        return "window";
    }
}
