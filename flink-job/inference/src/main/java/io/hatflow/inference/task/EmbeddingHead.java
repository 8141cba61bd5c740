package io.hatflow.inference.task;

import io.hatflow.inference.onnx.TensorSpec;
import io.hatflow.inference.text.Span;
import java.util.List;
import java.util.Optional;

/**
 * Gives vectors, to a document and to each of its segments.
 *
 * @param width H, as the manifest writes it
 */
public record EmbeddingHead(String width) implements Head {

    @Override
    public Optional<TensorSpec> documentOutput() {
        return Optional.of(TensorSpec.float32("embedding", "B", width));
    }

    @Override
    public TensorSpec segmentOutput() {
        return TensorSpec.float32("segment_embeddings", "S", width);
    }

    /** The vector of a document, [H]: the mean of those of its windows, not normalised. */
    public float[] mean(List<WindowAnswer> windows) {
        float[] sum = new float[windows.get(0).document().length];
        for (WindowAnswer window : windows) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += window.document()[i] / windows.size();
            }
        }
        return sum;
    }

    @Override
    public float[][] rows(GoldenAnswers golden) {
        return new float[][] {golden.embedding()};
    }

    @Override
    public float[][] rows(List<Span> segments, List<Span> windows, List<WindowAnswer> answers) {
        return new float[][] {mean(answers)};
    }
}
