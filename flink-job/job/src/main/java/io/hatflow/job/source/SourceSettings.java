package io.hatflow.job.source;

import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import io.hatflow.job.kafka.InputTopics;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;

/**
 * Where documents are read.
 *
 * @param topics which hold documents, all read as one stream
 * @param groupId consumer group whose offsets show how far the job is
 * @param startFrom where a job without a checkpoint begins
 * @param until when the job ends
 * @param lostRecords what happens where the next record is gone
 * @param partitionDiscoveryInterval after which the topics are asked for further partitions
 */
public record SourceSettings(
        InputTopics topics,
        String groupId,
        StartFrom startFrom,
        Until until,
        LostRecords lostRecords,
        Duration partitionDiscoveryInterval)
        implements Serializable {

    /** Where a job without a checkpoint begins. */
    public enum StartFrom {
        /** At the group's committed offsets; where there are none, at the earliest record. */
        COMMITTED,
        /** At the earliest record. */
        EARLIEST,
        /** After the last record. */
        LATEST
    }

    /** When the job ends. */
    public enum Until {
        /** Never by itself. */
        CANCELLED,
        /** When all records are answered that were there at its start. */
        CAUGHT_UP
    }

    /** What happens where the next record is gone. */
    public enum LostRecords {
        /** The job ends, and says so. */
        FAIL,
        /** The job goes on with the first record that is there. */
        SKIP
    }

    private static final Setting<String> GROUP_ID = Setting.text(
            "kafka.group-id",
            "hatflow",
            "Consumer group; its committed offsets show how far the job is. Every job needs its" + " own.");
    private static final Setting<StartFrom> START_FROM = Setting.choice(
            "kafka.start-from",
            StartFrom.class,
            StartFrom.COMMITTED,
            "Where a job begins that is not restored from a checkpoint; `committed` falls back to `earliest`.");
    private static final Setting<Until> UNTIL = Setting.choice(
            "kafka.until",
            Until.class,
            Until.CANCELLED,
            "When the job ends: `caught-up` answers what is there at its start and finishes.");
    private static final Setting<LostRecords> LOST_RECORDS = Setting.choice(
            "kafka.lost-records",
            LostRecords.class,
            LostRecords.FAIL,
            "What happens when the next record to read is gone, because retention removed it or"
                    + " the topic was created again: `fail` ends the job with a sentence, `skip` continues"
                    + " with the first record that is there.");
    private static final Setting<Duration> PARTITION_DISCOVERY_INTERVAL = Setting.duration(
            "kafka.partition-discovery-interval",
            "30 s",
            "Time between two checks of the topics, for partitions that were added and topics"
                    + " that were created again.");

    /** Everything that can be set here. */
    public static final List<Setting<?>> SETTINGS =
            List.of(GROUP_ID, START_FROM, UNTIL, LOST_RECORDS, PARTITION_DISCOVERY_INTERVAL);

    /** Reads the settings; mistakes are noted in the values. */
    public static SourceSettings from(SettingValues values, InputTopics topics) {
        return new SourceSettings(
                topics,
                values.get(GROUP_ID),
                values.get(START_FROM),
                values.get(UNTIL),
                values.get(LOST_RECORDS),
                values.get(PARTITION_DISCOVERY_INTERVAL));
    }
}
