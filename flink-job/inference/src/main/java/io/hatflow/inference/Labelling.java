package io.hatflow.inference;

import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.label.LabelPolicy;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.task.ScoringHead;
import io.hatflow.inference.task.WindowAnswer;
import java.util.List;

/** Which labels a document gets from what a model answers for its windows. */
@FunctionalInterface
interface Labelling {

    /** One entry for every label of the bundle, in the bundle's order. */
    List<LabelScore> label(SegmentedDocument document, List<WindowAnswer> answers);

    /**
     * That of a bundle which has labels.
     *
     * @param evidencePerLabel most spans that a label carries as evidence
     */
    static Labelling of(Manifest manifest, int evidencePerLabel) {
        if (manifest.task() == Task.LANGUAGE_MODEL) {
            return new GarbledLabels(manifest, evidencePerLabel);
        }
        ScoringHead head = (ScoringHead) manifest.head(); // as of the tasks with labels
        LabelPolicy policy = new LabelPolicy(manifest, evidencePerLabel);
        return (document, answers) ->
                policy.label(head.scores(document.windows(), answers), document.tokens(), document.segments());
    }
}
