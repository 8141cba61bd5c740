package io.hatflow.inference.task;

import io.hatflow.inference.onnx.TensorSpec;
import io.hatflow.inference.text.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Gives every token a tag, and runs of tokens a label by their tags: {@code docs/bundle.md}, "Token classification", mirrored in Python's
 * {@code tagging.py}. Each segment is a window of its own.
 */
public final class TokenHead implements Head {

    /** Tag of tokens that have no label. */
    private static final String OUTSIDE = "O";

    private final int segmentLength;
    private final List<String> tags;
    private final int labels;
    /** [C] number of the label that a tag stands for; -1 for none. */
    private final int[] labelOfTag;

    /**
     * A head of such tags.
     *
     * @param segmentLength K
     * @param tags in the order of the graph's classes
     * @param labels that they stand for
     */
    public TokenHead(int segmentLength, List<String> tags, List<String> labels) {
        this.segmentLength = segmentLength;
        this.tags = List.copyOf(tags);
        this.labels = labels.size();
        this.labelOfTag =
                tags.stream().mapToInt(tag -> labels.indexOf(labelOf(tag))).toArray();
    }

    /** The labels that tags stand for, in the order of their first tags. */
    public static List<String> labelsOf(List<String> tags) {
        return tags.stream()
                .map(TokenHead::labelOf)
                .filter(label -> !label.equals(OUTSIDE))
                .distinct()
                .toList();
    }

    private static String labelOf(String tag) {
        return tag.startsWith("B-") || tag.startsWith("I-") ? tag.substring(2) : tag;
    }

    /**
     * The spans of a document that have a label, in their order. A token has its best tag; a span goes on with a token of the same label,
     * unless its tag begins a new one.
     *
     * @param segments for every segment its run of tokens
     * @param answers for every segment the model's answer
     */
    public List<LabelledSpan> spans(List<Span> segments, List<WindowAnswer> answers) {
        List<LabelledSpan> spans = new ArrayList<>();
        for (int segment = 0; segment < segments.size(); segment++) {
            addSpans(segment, segments.get(segment), answers.get(segment).segments()[0], spans);
        }
        return spans;
    }

    private void addSpans(int segment, Span tokens, float[] logits, List<LabelledSpan> spans) {
        int first = 0;
        int label = -1;
        double sum = 0;
        for (int token = 0; token < tokens.length(); token++) {
            int row = (token + 1) * tags.size(); // the CLS token comes first
            float[] own = Arrays.copyOfRange(logits, row, row + tags.size());
            int tag = indexOfLargest(own);
            if (token == 0 || labelOfTag[tag] != label || tags.get(tag).startsWith("B-")) {
                add(segment, label, new Span(tokens.first() + first, tokens.first() + token), sum, spans);
                first = token;
                label = labelOfTag[tag];
                sum = 0;
            }
            sum += ProblemType.softmax(own)[tag];
        }
        add(segment, label, new Span(tokens.first() + first, tokens.end()), sum, spans);
    }

    private static void add(int segment, int label, Span tokens, double sum, List<LabelledSpan> spans) {
        if (label >= 0) {
            spans.add(new LabelledSpan(label, segment, tokens, (float) (sum / tokens.length())));
        }
    }

    private static int indexOfLargest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    /** For every label the score of its best span, 0 where there is none: of the document, and of each of its segments. */
    public DocumentScores scores(List<LabelledSpan> spans, int segments) {
        float[] document = new float[labels];
        float[][] bySegment = new float[segments][labels];
        for (LabelledSpan span : spans) {
            document[span.label()] = Math.max(document[span.label()], span.score());
            float[] own = bySegment[span.segment()];
            own[span.label()] = Math.max(own[span.label()], span.score());
        }
        return new DocumentScores(document, bySegment);
    }

    @Override
    public Optional<TensorSpec> documentOutput() {
        return Optional.empty();
    }

    @Override
    public TensorSpec segmentOutput() {
        return TensorSpec.float32("token_logits", "S", Integer.toString(segmentLength), Integer.toString(tags.size()));
    }

    @Override
    public float[][] rows(GoldenAnswers golden) {
        return new DocumentScores(golden.scores(), golden.segmentScores()).rows();
    }

    @Override
    public float[][] rows(List<Span> segments, List<Span> windows, List<WindowAnswer> answers) {
        return scores(spans(segments, answers), segments.size()).rows();
    }

    @Override
    public Optional<String> problem(GoldenAnswers golden, int tokens, int segments) {
        int scored = golden.segmentScores().length;
        return scored == segments
                ? Optional.empty()
                : Optional.of(" has segment_scores for %d segments, but %d segments".formatted(scored, segments));
    }
}
