package io.hatflow.job.sink;

import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import io.hatflow.job.kafka.OutputTopics;
import java.time.Duration;
import java.util.List;

/**
 * Where events go, and what is promised about them.
 *
 * @param topics where each kind of events goes
 * @param guarantee what is promised
 * @param transactionalIdPrefix what the ids of the transactions begin with; not shared with any other job on the cluster
 * @param transactionTimeout after which the broker aborts a transaction that nobody ended
 */
public record SinkSettings(
        OutputTopics topics, Guarantee guarantee, String transactionalIdPrefix, Duration transactionTimeout) {

    /** What is promised about events. */
    public enum Guarantee {
        /** One event for every record, for consumers that read committed records. */
        EXACTLY_ONCE,
        /** At least one event for every record, sooner; events of one record have one id. */
        AT_LEAST_ONCE
    }

    private static final Setting<Guarantee> GUARANTEE = Setting.choice(
            "kafka.guarantee",
            Guarantee.class,
            Guarantee.EXACTLY_ONCE,
            "`exactly-once` writes in transactions that end with each checkpoint; `at-least-once` writes at once, and"
                    + " consumers drop repeated event ids.");
    private static final Setting<String> TRANSACTIONAL_ID_PREFIX = Setting.optionalText(
            "kafka.transactional-id-prefix",
            "What the ids of the job's transactions begin with. Two jobs on one Kafka cluster with the same prefix break"
                    + " each other's transactions. Without it, the group id is used.");
    private static final Setting<Duration> TRANSACTION_TIMEOUT = Setting.duration(
            "kafka.transaction-timeout",
            "15 min",
            "After this time the broker aborts a transaction that has not been ended, and its"
                    + " events are lost. Make it longer than `checkpoint.interval` + `checkpoint.timeout` +"
                    + " the longest outage that the job must survive. At most the broker's"
                    + " `transaction.max.timeout.ms` (15 min unless raised).");

    /** Everything that can be set here. */
    public static final List<Setting<?>> SETTINGS = List.of(GUARANTEE, TRANSACTIONAL_ID_PREFIX, TRANSACTION_TIMEOUT);

    /** Reads the settings; mistakes are noted in the values. */
    public static SinkSettings from(SettingValues values, OutputTopics topics, String groupId) {
        String prefix = values.get(TRANSACTIONAL_ID_PREFIX);
        return new SinkSettings(
                topics, values.get(GUARANTEE), prefix.isEmpty() ? groupId : prefix, values.get(TRANSACTION_TIMEOUT));
    }
}
