package io.hatflow.inference.task;

import io.hatflow.inference.onnx.TensorSpec;
import java.util.List;
import java.util.Optional;

/**
 * Classifies texts that it looks at segment by segment, each a window of its own. A document's scores are those of its segments' logits,
 * pooled; mirrored in Python's {@code scoring.py}.
 */
public final class PooledHead extends ScoringHead {

    private final SegmentPooling pooling;

    /** A head of {@code labels} labels. */
    public PooledHead(ProblemType problemType, int labels, SegmentPooling pooling) {
        super(problemType, labels);
        this.pooling = pooling;
    }

    @Override
    public Optional<TensorSpec> documentOutput() {
        return Optional.empty();
    }

    @Override
    float[] documentScores(List<WindowAnswer> answers, float[][] segmentScores) {
        float[] logits = new float[segmentScores[0].length];
        for (int i = 0; i < logits.length; i++) {
            int label = i;
            logits[label] = (float) pooling.pooled(answers.stream()
                    .mapToDouble(window -> window.segments()[0][label])
                    .toArray());
        }
        return scores(logits);
    }
}
