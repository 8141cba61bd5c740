package io.hatflow.inference.bundle;

import java.nio.file.Path;
import java.util.List;

/** A bundle that is refused. The message lists every problem found, each saying what was expected. */
public final class BundleException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    public BundleException(Path folder, List<String> problems) {
        super(message(folder, problems));
        this.problems = List.copyOf(problems);
    }

    /** With a sentence, after all problems, on what to do about them. */
    public BundleException(Path folder, List<String> problems, String remedy) {
        super(message(folder, problems) + "\n" + remedy);
        this.problems = List.copyOf(problems);
    }

    private static String message(Path folder, List<String> problems) {
        return "The model bundle " + folder + " cannot be used:\n  - " + String.join("\n  - ", problems);
    }

    /** At least one. */
    public List<String> problems() {
        return problems;
    }
}
