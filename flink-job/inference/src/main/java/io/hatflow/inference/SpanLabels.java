package io.hatflow.inference;

import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.task.LabelledSpan;
import io.hatflow.inference.task.TokenHead;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Tokens;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The labels of a model that gives tags to tokens, with the spans that have them as evidence: {@code docs/bundle.md}. */
final class SpanLabels implements Labelling {

    private final TokenHead head;
    private final List<Manifest.Label> labels;
    private final int spansPerLabel;

    /**
     * Those of a bundle of task {@code token-classification}.
     *
     * @param spansPerLabel most that are evidence of a label
     */
    SpanLabels(Manifest manifest, int spansPerLabel) {
        this.head = (TokenHead) manifest.head(); // as of this task
        this.labels = manifest.labels();
        this.spansPerLabel = spansPerLabel;
    }

    @Override
    public Labelled label(SegmentedDocument document, List<WindowAnswer> answers) {
        List<LabelledSpan> spans = head.spans(document.segments(), answers);
        float[] scores = head.scores(spans, document.segments().size()).document();
        List<LabelScore> labelled = new ArrayList<>();
        for (int i = 0; i < labels.size(); i++) {
            int label = i;
            List<LabelledSpan> own =
                    spans.stream().filter(span -> span.label() == label).toList();
            labelled.add(labelScore(labels.get(label), scores[label], own, document.tokens()));
        }
        return new Labelled(labelled, null);
    }

    /** Of a present label, the spans that reach its threshold are evidence, the best first; of any other its best span, if it has one. */
    private LabelScore labelScore(Manifest.Label label, float score, List<LabelledSpan> spans, Tokens tokens) {
        boolean present = !spans.isEmpty() && score >= label.threshold();
        List<Evidence> evidence = spans.stream()
                .filter(span -> !present || span.score() >= label.threshold())
                .sorted(Comparator.comparingDouble(span -> -span.score()))
                .limit(present ? spansPerLabel : 1)
                .map(span -> evidence(span, tokens))
                .toList();
        return new LabelScore(label.name(), score, present, evidence);
    }

    private static Evidence evidence(LabelledSpan span, Tokens tokens) {
        int start = tokens.starts()[span.tokens().first()];
        int end = tokens.ends()[span.tokens().end() - 1];
        return new Evidence(start, end, span.segment(), span.score());
    }
}
