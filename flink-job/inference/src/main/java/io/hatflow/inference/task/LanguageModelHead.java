package io.hatflow.inference.task;

import io.hatflow.inference.onnx.TensorSpec;
import io.hatflow.inference.text.Span;
import java.util.List;
import java.util.Optional;

/** Says of every symbol of a text how likely it is after those before it, as a natural logarithm. */
public record LanguageModelHead() implements Head {

    @Override
    public Optional<TensorSpec> documentOutput() {
        return Optional.empty();
    }

    /** A row for each window. */
    @Override
    public TensorSpec segmentOutput() {
        return TensorSpec.float32("log_likelihood", "W", "L");
    }

    /**
     * The log-likelihoods of a document, put together from its windows: {@code docs/bundle.md}, "From text to log-likelihoods or scores".
     * That of a symbol is that of the first window that holds it, where it has most context.
     *
     * @param windows for every window its symbols
     * @param answers for every window the model's answer
     * @return [symbols up to the end of the last window]; 0 for those between windows, which none holds
     */
    public float[] logLikelihoods(List<Span> windows, List<WindowAnswer> answers) {
        float[] logLikelihoods = new float[windows.get(windows.size() - 1).end()];
        int scored = 0;
        for (int window = 0; window < windows.size(); window++) {
            Span span = windows.get(window);
            float[] own = answers.get(window).segments()[0];
            int first = Math.max(scored, span.first());
            System.arraycopy(own, first - span.first(), logLikelihoods, first, span.end() - first);
            scored = span.end();
        }
        return logLikelihoods;
    }

    @Override
    public float[][] rows(GoldenAnswers golden) {
        return new float[][] {golden.logLikelihoods()};
    }

    @Override
    public float[][] rows(List<Span> segments, List<Span> windows, List<WindowAnswer> answers) {
        return new float[][] {logLikelihoods(segments, answers)};
    }

    @Override
    public Optional<String> problem(GoldenAnswers golden, int tokens, int segments) {
        int scored = golden.logLikelihoods().length;
        return scored == tokens
                ? Optional.empty()
                : Optional.of(" has log_likelihoods for %d symbols, but %d symbols".formatted(scored, tokens));
    }

    /**
     * Log-likelihoods by their mean difference: bits per byte are what they are for, and after rounding an improbable symbol differs by
     * more than others.
     */
    @Override
    public Optional<String> deviation(float[][] actual, float[][] expected, float tolerance) {
        double sum = actual[0].length == expected[0].length ? 0 : Double.POSITIVE_INFINITY;
        for (int symbol = 0; symbol < Math.min(actual[0].length, expected[0].length); symbol++) {
            sum += Math.abs(actual[0][symbol] - expected[0][symbol]);
        }
        double mean = sum / actual[0].length;
        return mean <= tolerance
                ? Optional.empty()
                : Optional.of("its log-likelihoods differ from the exporter's by %.6f on average, expected at most %.4f"
                        .formatted(mean, tolerance));
    }
}
