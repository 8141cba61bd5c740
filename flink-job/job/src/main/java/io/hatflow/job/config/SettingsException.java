package io.hatflow.job.config;

import java.util.List;

/** The settings hold mistakes; the message lists every one of them. */
public final class SettingsException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    SettingsException(List<String> problems) {
        super("The settings have " + (problems.size() == 1 ? "a mistake" : problems.size() + " mistakes") + ":\n  - "
                + String.join("\n  - ", problems));
        this.problems = List.copyOf(problems);
    }

    /** One sentence for each mistake. */
    public List<String> problems() {
        return problems;
    }
}
