package io.hatflow.inference.bundle;

import java.util.List;

/**
 * Which model labelled a document.
 *
 * @param digest SHA-256 of the manifest, which covers every file of the bundle, in hexadecimal
 */
public record BundleInfo(String name, String version, String digest, List<String> labels) {
    public BundleInfo {
        labels = List.copyOf(labels);
    }
}
