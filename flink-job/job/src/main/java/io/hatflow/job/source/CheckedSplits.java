package io.hatflow.job.source;

import io.hatflow.job.kafka.KafkaAccess;
import io.hatflow.job.kafka.KafkaRefusal;
import io.hatflow.job.source.SourceSettings.LostRecords;
import io.hatflow.job.source.SourceSettings.Until;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.util.FlinkRuntimeException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds partitions, and how far each was read, against what Kafka has now. Where the next record is gone, reading on would skip records
 * without a word: Kafka's consumer begins at the first one that is there, or, in a topic that was made again, at the same offset among others.
 */
record CheckedSplits(KafkaAccess kafka, SourceSettings settings) {

    private static final Logger LOG = LoggerFactory.getLogger(CheckedSplits.class);

    /**
     * Splits, of which not all can be read.
     *
     * @param read with their topics' ids, from where reading goes on
     * @param setAside whose topic is not there at the moment
     */
    record Checked(List<KafkaPartitionSplit> read, List<KafkaPartitionSplit> setAside) {}

    /**
     * Which splits can be read, and from where.
     *
     * @throws SuppressRestartsException if records are lost and may not be skipped, or the splits are those of a job that ends otherwise
     */
    Checked of(List<KafkaPartitionSplit> splits) {
        splits.forEach(this::requireSameEnd);
        if (splits.isEmpty()) {
            return new Checked(splits, List.of());
        }
        try (Admin admin = Admin.create(kafka.clients())) {
            KafkaTopics topics = new KafkaTopics(admin);
            Set<String> now = topics.of(settings.topics());
            Map<Boolean, List<KafkaPartitionSplit>> there =
                    splits.stream().collect(Collectors.partitioningBy(split -> now.contains(split.getTopic())));
            List<KafkaPartitionSplit> gone = there.getOrDefault(false, List.of());
            for (KafkaPartitionSplit split : gone) {
                if (split.getStartingOffset() < 0) {
                    // Of what was never read nothing is lost; a topic that has just been made may not be known to every
                    // broker.
                    throw new FlinkRuntimeException(
                            "The broker that was asked does not know the topic " + split.getTopic() + " yet");
                }
                lost(settings.lostRecords(), deleted(split.getTopic()));
            }
            return new Checked(checked(topics, there.getOrDefault(true, List.of())), gone);
        }
    }

    private List<KafkaPartitionSplit> checked(KafkaTopics topics, List<KafkaPartitionSplit> splits) {
        Map<String, TopicDescription> described = topics.describe(
                splits.stream().map(KafkaPartitionSplit::getTopic).collect(Collectors.toSet()));
        List<KafkaPartitionSplit> checked = new ArrayList<>();
        Map<TopicPartition, KafkaPartitionSplit> begun = new HashMap<>();
        for (KafkaPartitionSplit split : splits) {
            TopicDescription topic = Objects.requireNonNull(described.get(split.getTopic()));
            if (isAnother(split, topic)) {
                lost(settings.lostRecords(), againMade(split.getTopic()));
                if (split.getPartition() < topic.partitions().size()) {
                    checked.add(fromTheFirst(split, topic.topicId()));
                }
            } else if (split.getStartingOffset() < 0) {
                checked.add(new TopicSplit(split, topic.topicId()));
            } else {
                begun.put(split.getTopicPartition(), new TopicSplit(split, topic.topicId()));
            }
        }
        checked.addAll(within(topics, begun));
        return checked;
    }

    /** Topics never have fewer partitions than they had. */
    private static boolean isAnother(KafkaPartitionSplit split, TopicDescription topic) {
        return isAnother(TopicSplit.topicIdOf(split), topic)
                || split.getPartition() >= topic.partitions().size();
    }

    private static boolean isAnother(Uuid known, TopicDescription topic) {
        return !known.equals(Uuid.ZERO_UUID)
                && !topic.topicId().equals(Uuid.ZERO_UUID)
                && !known.equals(topic.topicId());
    }

    /**
     * Why a record that was the next to read is not there: a topic that was made again has fewer, at first.
     *
     * @param topicId of the topic that was read
     */
    String whyGone(TopicPartition partition, long next, Uuid topicId) {
        try (Admin admin = Admin.create(kafka.clients())) {
            TopicDescription topic =
                    new KafkaTopics(admin).describe(Set.of(partition.topic())).get(partition.topic());
            return topic != null && isAnother(topicId, topic) ? againMade(partition.topic()) : gone(partition, next);
        } catch (FlinkRuntimeException e) {
            LOG.info("Whether the topic {} was made again is not known: {}", partition.topic(), e.toString());
            return gone(partition, next);
        }
    }

    private List<KafkaPartitionSplit> within(KafkaTopics topics, Map<TopicPartition, KafkaPartitionSplit> begun) {
        Set<TopicPartition> partitions = begun.keySet();
        Map<TopicPartition, Long> first = topics.offsets(partitions, OffsetSpec::earliest);
        Map<TopicPartition, Long> end = topics.offsets(partitions, OffsetSpec::latest);
        List<KafkaPartitionSplit> checked = new ArrayList<>();
        begun.forEach((partition, split) -> {
            long next = split.getStartingOffset();
            long lowest = first.getOrDefault(partition, 0L);
            long highest = end.getOrDefault(partition, Long.MAX_VALUE);
            if (next >= lowest && next <= highest) {
                checked.add(split);
            } else {
                lost(
                        settings.lostRecords(),
                        gone(partition, next) + "; those that are there begin at " + lowest + " and end before "
                                + highest);
                checked.add(fromTheFirst(split, TopicSplit.topicIdOf(split)));
            }
        });
        return checked;
    }

    @SuppressWarnings("deprecation") // by a name for old state; the reader asks for the end itself
    private static KafkaPartitionSplit fromTheFirst(KafkaPartitionSplit split, Uuid topicId) {
        // Where a job that catches up ends is an offset, too, and may never be reached.
        long end = split.getStoppingOffset().isPresent()
                ? KafkaPartitionSplit.LATEST_OFFSET
                : KafkaPartitionSplit.NO_STOPPING_OFFSET;
        return new TopicSplit(
                new KafkaPartitionSplit(split.getTopicPartition(), KafkaPartitionSplit.EARLIEST_OFFSET, end), topicId);
    }

    static String againMade(String topic) {
        return "The topic " + topic
                + " was deleted and made again, so that the offsets of the checkpoint mean nothing there";
    }

    static String gone(TopicPartition partition, long next) {
        return "The record of " + partition + " at offset " + next
                + ", which is the next to read, is gone: it was deleted, by retention or by hand, or the brokers have lost it";
    }

    static String deleted(String topic) {
        return "The topic " + topic + " was deleted, with what was not read of it";
    }

    /** @throws SuppressRestartsException unless records may be skipped */
    static void lost(LostRecords setting, String what) {
        if (setting == LostRecords.FAIL) {
            throw refusal(what);
        }
        LOG.warn("{}. Going on with what is there, as kafka.lost-records says", what);
    }

    static SuppressRestartsException refusal(String what) {
        return new SuppressRestartsException(new KafkaRefusal(what
                + ". Begin without a checkpoint at kafka.start-from, or set kafka.lost-records to skip, to keep what is in flight and go"
                + " on with the first record that is there"));
    }

    /** Partitions that have reached their end are not in a checkpoint of a job that catches up: nobody would read on there. */
    private void requireSameEnd(KafkaPartitionSplit split) {
        boolean catchesUp = settings.until() == Until.CAUGHT_UP;
        if (split.getStoppingOffset().isPresent() != catchesUp) {
            throw new SuppressRestartsException(new KafkaRefusal(
                    "The checkpoint is that of a job with kafka.until: " + (catchesUp ? "cancelled" : "caught-up")
                            + "; expected the same setting in the job that continues from it"));
        }
    }
}
