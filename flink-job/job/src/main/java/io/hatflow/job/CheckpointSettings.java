package io.hatflow.job;

import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import java.time.Duration;
import java.util.List;

/**
 * When the job's progress is made safe.
 *
 * @param interval between the starts of two checkpoints; exactly-once events become visible once in this time
 * @param timeout after which a checkpoint is given up
 */
public record CheckpointSettings(Duration interval, Duration timeout) {

    private static final Setting<Duration> INTERVAL = Setting.duration(
            "checkpoint.interval",
            "10 s",
            "Time between checkpoints. Exactly-once events become visible with them; after a failure, what came since the"
                    + " last one is classified again.");
    private static final Setting<Duration> TIMEOUT =
            Setting.duration("checkpoint.timeout", "5 min", "A checkpoint that takes longer is given up.");

    /** Everything that can be set here. */
    public static final List<Setting<?>> SETTINGS = List.of(INTERVAL, TIMEOUT);

    /** Reads the settings; mistakes are noted in the values. */
    public static CheckpointSettings from(SettingValues values) {
        return new CheckpointSettings(values.get(INTERVAL), values.get(TIMEOUT));
    }
}
