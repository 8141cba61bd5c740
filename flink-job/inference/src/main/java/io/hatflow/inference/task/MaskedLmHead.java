package io.hatflow.inference.task;

import io.hatflow.inference.onnx.TensorSpec;
import io.hatflow.inference.text.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Says of every token of a segment which it could be.
 *
 * @param segmentLength K
 * @param vocabulary V, as the manifest writes it
 */
public record MaskedLmHead(int segmentLength, String vocabulary) implements Head {

    /** Of each segment's tokens, its CLS first, a golden input holds the first of every five. */
    private static final int TOKEN_STEP = 5;

    /** Of each token's logits, it holds about this many, spread evenly over the vocabulary. */
    private static final int VOCABULARY_SAMPLES = 16;

    @Override
    public Optional<TensorSpec> documentOutput() {
        return Optional.empty();
    }

    @Override
    public TensorSpec segmentOutput() {
        return TensorSpec.float32("token_logits", "S", Integer.toString(segmentLength), vocabulary);
    }

    /** One row for each sampled token. */
    @Override
    public float[][] rows(GoldenAnswers golden) {
        return golden.tokenLogits().length == 0 ? new float[1][0] : golden.tokenLogits();
    }

    /** The sample of token logits that a golden input holds: {@code docs/bundle.md}. */
    @Override
    public float[][] rows(List<Span> segments, List<Span> windows, List<WindowAnswer> answers) {
        List<float[]> rows = new ArrayList<>();
        int window = 0;
        for (int segment = 0; segment < segments.size(); segment++) {
            while (windows.get(window).end() <= segment) {
                window++;
            }
            float[] tokens =
                    answers.get(window).segments()[segment - windows.get(window).first()];
            int length = segments.get(segment).length() + 1; // the CLS token too
            for (int token = 0; token < length; token += TOKEN_STEP) {
                rows.add(sample(tokens, token));
            }
        }
        return rows.toArray(float[][]::new);
    }

    private float[] sample(float[] tokens, int token) {
        int width = tokens.length / segmentLength;
        int stride = Math.max(1, width / VOCABULARY_SAMPLES);
        float[] row = new float[(width + stride - 1) / stride];
        for (int i = 0; i < row.length; i++) {
            row[i] = tokens[token * width + i * stride];
        }
        return row;
    }
}
