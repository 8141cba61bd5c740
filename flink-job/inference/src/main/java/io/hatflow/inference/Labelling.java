package io.hatflow.inference;

import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.label.LabelPolicy;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.task.ScoringHead;
import io.hatflow.inference.task.WindowAnswer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which labels a document gets from what a model answers for its windows. */
@FunctionalInterface
interface Labelling {

    /** The labels of a document. */
    Labelled label(SegmentedDocument document, List<WindowAnswer> answers);

    /**
     * What a model says of a document.
     *
     * @param labels one entry for every label of the bundle, in the bundle's order
     * @param bitsPerByte of all that was seen, by a language model; null of a classifier
     */
    record Labelled(List<LabelScore> labels, @Nullable Double bitsPerByte) {}

    /**
     * That of a bundle which has labels.
     *
     * @param evidencePerLabel most spans that a label carries as evidence
     */
    static Labelling of(Manifest manifest, int evidencePerLabel) {
        if (manifest.task() == Task.LANGUAGE_MODEL) {
            return new GarbledLabels(manifest, evidencePerLabel);
        }
        if (manifest.task() == Task.TOKEN_CLASSIFICATION) {
            return new SpanLabels(manifest, evidencePerLabel);
        }
        ScoringHead head = (ScoringHead) manifest.head(); // as of the tasks with labels
        LabelPolicy policy = new LabelPolicy(manifest, evidencePerLabel);
        return (document, answers) -> new Labelled(
                policy.label(head.scores(document.windows(), answers), document.tokens(), document.segments()), null);
    }
}
