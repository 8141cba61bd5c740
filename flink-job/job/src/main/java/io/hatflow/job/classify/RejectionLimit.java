package io.hatflow.job.classify;

import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import java.io.Serializable;
import java.util.List;

/**
 * How many dead letters are too many.
 *
 * @param maxRatio share of dead letters above which the job fails; above 1 for never
 * @param window records of a task over which the share is taken
 */
public record RejectionLimit(double maxRatio, int window) implements Serializable {

    /** Every record may become a dead letter. */
    public static final RejectionLimit OFF = new RejectionLimit(Double.POSITIVE_INFINITY, 1);

    private static final Setting<Double> MAX_RATIO = Setting.shareOr(
            "off",
            "dead-letters.max-ratio",
            "0.5",
            "Where more than this share of a task's last `dead-letters.window` records became dead letters, the job fails for good"
                    + " instead of draining the topic: then it is rarely the records that are wrong.");
    private static final Setting<Integer> WINDOW = Setting.count(
            "dead-letters.window",
            "1000",
            "How many of a task's last records count for that share; before it has seen this many, a task never fails for it.");

    /** Everything that can be set here. */
    public static final List<Setting<?>> SETTINGS = List.of(MAX_RATIO, WINDOW);

    /** Reads the settings; mistakes are noted in the values. */
    public static RejectionLimit from(SettingValues values) {
        return new RejectionLimit(values.get(MAX_RATIO), values.get(WINDOW));
    }
}
