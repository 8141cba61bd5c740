package io.hatflow.flink.quarantine;

import java.io.Serializable;

/**
 * When a document is no longer shown to the model.
 *
 * @param attempts how often it may bring its task down
 * @param folder URI of the folder where attempts are noted, in any file system that Flink knows; empty for no quarantine
 */
public record QuarantineSettings(int attempts, String folder) implements Serializable {

    /** Nothing is noted, and nothing is quarantined. */
    public static final QuarantineSettings OFF = new QuarantineSettings(1, "");

    /** Whether there is a quarantine at all. */
    public boolean isOn() {
        return !folder.isEmpty();
    }
}
