package io.hatflow.flink;

import java.nio.file.Path;

/** Real bundles with real but tiny models, shared with the tests of the inference module. */
public final class Bundles {

    /** Classifies documents. */
    public static final Path TINY = named("tiny-documents");

    private Bundles() {}

    /** The folder of a bundle. */
    public static Path named(String name) {
        return Path.of("../inference/src/test/resources/bundles", name)
                .toAbsolutePath()
                .normalize();
    }
}
