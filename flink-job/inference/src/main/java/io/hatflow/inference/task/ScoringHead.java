package io.hatflow.inference.task;

import io.hatflow.inference.onnx.TensorSpec;
import io.hatflow.inference.text.Span;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A head that gives scores, to a document and to each of its segments; of a model that reads symbols, a window is a segment. */
public abstract sealed class ScoringHead implements Head permits DocumentHead, PooledHead, SegmentHead, WindowHead {

    private final ProblemType problemType;
    private final String classes;

    ScoringHead(ProblemType problemType, int classes) {
        this.problemType = problemType;
        this.classes = Integer.toString(classes);
    }

    @Override
    public TensorSpec segmentOutput() {
        return TensorSpec.float32("segment_logits", "S", classes);
    }

    /** With a row for each {@code axis}. */
    final TensorSpec logits(String axis) {
        return TensorSpec.float32("logits", axis, classes);
    }

    /**
     * The scores of a document, put together from its windows: {@code docs/bundle.md}, step 4; mirrored in Python's {@code scoring.py}. A
     * segment that two windows hold counts by its better score.
     *
     * @param windows for every window the segments that it holds
     * @param answers for every window the model's answer
     */
    public final DocumentScores scores(List<Span> windows, List<WindowAnswer> answers) {
        float[][] segments = new float[windows.get(windows.size() - 1).end()][];
        for (int w = 0; w < windows.size(); w++) {
            float[][] own = answers.get(w).segments();
            for (int s = 0; s < own.length; s++) {
                int segment = windows.get(w).first() + s;
                float[] scores = problemType.scores(own[s]);
                segments[segment] = segments[segment] == null ? scores : best(List.of(segments[segment], scores));
            }
        }
        return new DocumentScores(documentScores(answers, segments), segments);
    }

    /** Scores of the whole document, [C]. */
    abstract float[] documentScores(List<WindowAnswer> answers, float[][] segmentScores);

    final float[] scores(float[] logits) {
        return problemType.scores(logits);
    }

    /** For every class the largest of its scores. */
    static float[] best(List<float[]> scores) {
        float[] best = new float[scores.get(0).length];
        Arrays.fill(best, Float.NEGATIVE_INFINITY);
        for (float[] each : scores) {
            for (int label = 0; label < best.length; label++) {
                best[label] = Math.max(best[label], each[label]);
            }
        }
        return best;
    }

    /** The document's scores, then those of its segments. */
    @Override
    public final float[][] rows(GoldenAnswers golden) {
        return new DocumentScores(golden.scores(), golden.segmentScores()).rows();
    }

    @Override
    public final float[][] rows(List<Span> segments, List<Span> windows, List<WindowAnswer> answers) {
        return scores(windows, answers).rows();
    }

    @Override
    public final Optional<String> problem(GoldenAnswers golden, int tokens, int segments) {
        int scored = golden.segmentScores().length;
        return scored == segments
                ? Optional.empty()
                : Optional.of(" has %1$s_scores for %2$d %1$ss, but %3$d %1$ss".formatted(part(), scored, segments));
    }

    /** What has scores beside the document, in one word. */
    String part() {
        return "segment";
    }
}
