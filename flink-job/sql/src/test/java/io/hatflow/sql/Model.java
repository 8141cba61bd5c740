package io.hatflow.sql;

import java.nio.file.Path;

/** Statements that make models of the tests' tiny bundles. */
final class Model {

    static final String LABELS =
            "labels ARRAY<ROW<label STRING, score DOUBLE, present BOOLEAN, evidence ARRAY<ROW<start_index INT,"
                    + " end_index INT, excerpt STRING, score DOUBLE>>>>";

    private Model() {}

    /** The folder of a bundle. */
    static Path bundle(String name) {
        return Path.of("../inference/src/test/resources/bundles", name)
                .toAbsolutePath()
                .normalize();
    }

    /**
     * A statement.
     *
     * @param bundle name of a tiny bundle
     * @param output its columns
     * @param options more of them, each {@code 'key' = 'value'}
     */
    static String create(String name, String bundle, String output, String... options) {
        String more = options.length == 0 ? "" : ", " + String.join(", ", options);
        return "CREATE MODEL %s INPUT (body STRING) OUTPUT (%s) WITH ('provider' = 'hatflow', 'bundle' = '%s', 'device' = 'cpu'%s)"
                .formatted(name, output, bundle(bundle), more);
    }
}
