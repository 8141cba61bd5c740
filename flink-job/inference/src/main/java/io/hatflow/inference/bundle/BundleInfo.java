package io.hatflow.inference.bundle;

import io.hatflow.inference.bundle.Manifest.Task;
import java.util.List;

/**
 * Which model labelled a document.
 *
 * @param digest SHA-256 of the manifest, which covers every file of the bundle, in hexadecimal
 * @param task what it answers
 */
public record BundleInfo(String name, String version, String digest, Task task, List<String> labels) {
    public BundleInfo {
        labels = List.copyOf(labels);
    }

    /** Whether its labels say that a text is garbled, with surprises as scores. */
    public boolean isLanguageModel() {
        return task == Task.LANGUAGE_MODEL;
    }
}
