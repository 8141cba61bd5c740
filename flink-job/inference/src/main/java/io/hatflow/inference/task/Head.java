package io.hatflow.inference.task;

import io.hatflow.inference.onnx.TensorSpec;
import io.hatflow.inference.text.Span;
import java.util.List;
import java.util.Optional;

/**
 * The head of a model, one class for each task: which outputs its graph has, what a golden input holds of them, and how the answers for
 * the windows of a document combine. Immutable.
 */
public sealed interface Head permits ScoringHead, TokenHead, EmbeddingHead, MaskedLmHead, LanguageModelHead {

    /** The output that has a row for each window of a batch; empty if the graph has none. */
    Optional<TensorSpec> documentOutput();

    /** The output that has a row for each segment of a batch; of a model that reads symbols, a window is a segment. */
    TensorSpec segmentOutput();

    /** What a golden input must hold of the answer, as rows of numbers. */
    float[][] rows(GoldenAnswers golden);

    /**
     * The same rows of what this model answers for the same input.
     *
     * @param segments for every segment of the document its run of tokens, or of symbols
     * @param windows for every window the segments that it holds
     * @param answers for every window the model's answer
     */
    float[][] rows(List<Span> segments, List<Span> windows, List<WindowAnswer> answers);

    /** Why a golden input whose rows are well-formed cannot be compared: the end of a sentence that begins with its place. */
    default Optional<String> problem(GoldenAnswers golden, int tokens, int segments) {
        return Optional.empty();
    }

    /** How an answer differs from what the exporter's model answered, if by more than {@code tolerance}: by its largest difference. */
    default Optional<String> deviation(float[][] actual, float[][] expected, float tolerance) {
        float largest = actual.length == expected.length ? 0 : Float.POSITIVE_INFINITY;
        for (int row = 0; row < Math.min(actual.length, expected.length); row++) {
            largest = Math.max(largest, largestDifference(actual[row], expected[row]));
        }
        return largest <= tolerance
                ? Optional.empty()
                : Optional.of("its scores differ from the exporter's by up to %.6f, expected at most %.4f"
                        .formatted(largest, tolerance));
    }

    private static float largestDifference(float[] actual, float[] expected) {
        float largest = actual.length == expected.length ? 0 : Float.POSITIVE_INFINITY;
        for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
            largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
        }
        return largest;
    }

    /** Every output that the graph must have. */
    default List<TensorSpec> outputs() {
        return documentOutput()
                .map(document -> List.of(document, segmentOutput()))
                .orElseGet(() -> List.of(segmentOutput()));
    }
}
