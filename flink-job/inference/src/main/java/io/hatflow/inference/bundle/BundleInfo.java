package io.hatflow.inference.bundle;

import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.task.ProblemType;
import java.util.List;

/**
 * Which model labelled a document.
 *
 * @param digest SHA-256 of the manifest, which covers every file of the bundle, in hexadecimal
 * @param task what it answers
 * @param problemType how its logits become scores
 * @param precision in which numbers it computes: fp32, fp16 or int8
 * @param labels none where it gives vectors
 */
public record BundleInfo(
        String name,
        String version,
        String digest,
        Task task,
        ProblemType problemType,
        String precision,
        List<String> labels) {

    public BundleInfo {
        labels = List.copyOf(labels);
    }

    /** Whether its labels say that a text is garbled, with surprises as scores. */
    public boolean isLanguageModel() {
        return task == Task.LANGUAGE_MODEL;
    }

    /** Whether the scores of its labels are shares of 1, and tell which labels a text has. */
    public boolean hasProbabilities() {
        return !labels.isEmpty() && !isLanguageModel() && problemType != ProblemType.REGRESSION;
    }
}
