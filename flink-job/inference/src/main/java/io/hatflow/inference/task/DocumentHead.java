package io.hatflow.inference.task;

import io.hatflow.inference.onnx.TensorSpec;
import java.util.List;
import java.util.Optional;

/** Classifies documents. One of several windows gets, for every label, the score of its best window. */
public sealed class DocumentHead extends ScoringHead permits ChoiceHead {

    /** A head of {@code labels} labels. */
    public DocumentHead(ProblemType problemType, int labels) {
        super(problemType, labels);
    }

    @Override
    public final Optional<TensorSpec> documentOutput() {
        return Optional.of(logits("B"));
    }

    @Override
    final float[] documentScores(List<WindowAnswer> answers, float[][] segmentScores) {
        return best(answers.stream().map(window -> scores(window.document())).toList());
    }
}
