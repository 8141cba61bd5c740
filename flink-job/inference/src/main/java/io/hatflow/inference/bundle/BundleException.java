package io.hatflow.inference.bundle;

import java.nio.file.Path;
import java.util.List;

/** A bundle that is refused. The message lists every problem found, each saying what was expected. */
public final class BundleException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    public BundleException(Path folder, List<String> problems) {
        super("The model bundle " + folder + " cannot be used:\n  - " + String.join("\n  - ", problems));
        this.problems = List.copyOf(problems);
    }

    /** At least one. */
    public List<String> problems() {
        return problems;
    }
}
