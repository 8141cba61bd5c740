package io.hatflow.inference.task;

import io.hatflow.inference.onnx.TensorSpec;
import java.util.List;
import java.util.Optional;

/** Classifies segments. Their document gets, for every label, the score of its best segment. */
public final class SegmentHead extends ScoringHead {

    /** A head of {@code labels} labels. */
    public SegmentHead(ProblemType problemType, int labels) {
        super(problemType, labels);
    }

    @Override
    public Optional<TensorSpec> documentOutput() {
        return Optional.empty();
    }

    @Override
    float[] documentScores(List<WindowAnswer> answers, float[][] segmentScores) {
        return best(List.of(segmentScores));
    }
}
