package io.hatflow.job.classify;

import io.hatflow.flink.quarantine.QuarantineSettings;
import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import java.util.List;

/**
 * When a document is no longer shown to the model, as it is written in the job's settings.
 *
 * @param attempts how often it may bring its task down
 * @param folder URI of the folder where attempts are noted, for all jobs; empty where none is set
 */
public record QuarantineOptions(int attempts, String folder) {

    private static final String FOLDER_BESIDE_CHECKPOINTS = "hatflow-attempts";

    private static final Setting<Integer> ATTEMPTS = Setting.count(
            "quarantine.attempts",
            "3",
            "A document becomes a dead letter when it was with the model, in the end alone, each"
                    + " of this many times that its task hung, crashed or ran out of memory.");
    private static final Setting<String> DIRECTORY = Setting.optionalText(
            "quarantine.directory",
            "Folder in which such attempts are noted, in a folder for each group id, in a file system that all TaskManagers"
                    + " reach. Without it, the folder `hatflow-attempts` in `execution.checkpointing.dir`; where that is not set"
                    + " either, nothing is quarantined.");

    /** Everything that can be set here. */
    public static final List<Setting<?>> SETTINGS = List.of(ATTEMPTS, DIRECTORY);

    /** Reads the settings; mistakes are noted in the values. */
    public static QuarantineOptions from(SettingValues values) {
        return new QuarantineOptions(values.get(ATTEMPTS), values.get(DIRECTORY));
    }

    /**
     * Those of one job.
     *
     * @param checkpoints Flink's folder of checkpoints; empty if there is none
     * @param groupId what tells the job from others, and stays the same when it is submitted again
     */
    public QuarantineSettings of(String checkpoints, String groupId) {
        if (folder.isEmpty() && checkpoints.isEmpty()) {
            return QuarantineSettings.OFF;
        }
        String base = folder.isEmpty() ? checkpoints + "/" + FOLDER_BESIDE_CHECKPOINTS : folder;
        return new QuarantineSettings(attempts, base + "/" + groupId.replaceAll("[^A-Za-z0-9._-]", "_"));
    }
}
