package io.hatflow.job.source;

import io.hatflow.job.kafka.InputTopics;
import io.hatflow.job.kafka.KafkaAccess;
import io.hatflow.job.source.SourceSettings.LostRecords;
import io.hatflow.job.source.SourceSettings.Until;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.flink.connector.kafka.source.enumerator.subscriber.KafkaSubscriber;
import org.apache.flink.util.FlinkRuntimeException;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * The partitions of the topics of documents, once Kafka has said that we may read them. Asked by the JobManager, at the start and from time
 * to time; so it is also who notices a topic that is made again while the job runs.
 */
final class ReadableTopics implements KafkaSubscriber {

    private static final long serialVersionUID = 3L;

    private final KafkaAccess kafka;
    private final InputTopics topics;
    private final String groupId;
    private final LostRecords lostRecords;
    private final Until until;
    private final HashSet<TopicPartition> setAside = new HashSet<>();
    private final HashSet<String> known = new HashSet<>();
    private final HashSet<String> gone = new HashSet<>();
    private final HashMap<String, Uuid> topicIds = new HashMap<>();

    /** Those that were there when the job began; null until it has looked. */
    private @Nullable HashSet<String> first;

    ReadableTopics(KafkaAccess kafka, SourceSettings settings) {
        this.kafka = kafka;
        this.topics = settings.topics();
        this.groupId = settings.groupId();
        this.lostRecords = settings.lostRecords();
        this.until = settings.until();
    }

    /** Begins for a job without a checkpoint: nothing is known of the topics. */
    synchronized void begin() {
        topicIds.clear();
        setAside.clear();
        known.clear();
        gone.clear();
        first = null;
    }

    /**
     * Begins for a job that goes on: what is not assigned has appeared since. Partitions of topics that are no longer those of documents are
     * with the readers, unread.
     */
    synchronized void goOn(Collection<TopicPartition> assigned) {
        begin();
        first = new HashSet<>();
        for (TopicPartition partition : assigned) {
            if (topics.holds(partition.topic())) {
                known.add(partition.topic());
            } else {
                setAside.add(partition);
            }
        }
    }

    @Override
    public synchronized Set<TopicPartition> getSubscribedTopicPartitions(AdminClient admin) {
        kafka.requireReading(admin, topics, groupId);
        KafkaTopics inKafka = new KafkaTopics(admin);
        Set<String> now = inKafka.of(topics);
        if (now.isEmpty() && until == Until.CAUGHT_UP) {
            // The connector would neither look again nor end.
            throw new FlinkRuntimeException(
                    "No topic matches " + topics + ", so that there is nothing to catch up with");
        }
        noteGone(now);
        Set<TopicPartition> partitions = new HashSet<>(setAside);
        for (Map.Entry<String, TopicDescription> topic : inKafka.describe(now).entrySet()) {
            requireSame(topic.getKey(), topic.getValue().topicId());
            topic.getValue()
                    .partitions()
                    .forEach(each -> partitions.add(new TopicPartition(topic.getKey(), each.partition())));
        }
        known.addAll(now);
        if (first == null) {
            first = new HashSet<>(now);
        }
        return partitions;
    }

    /** Whether a topic was there when the job began, and not only later. */
    synchronized boolean wasThereFirst(String topic) {
        return first == null || first.contains(topic);
    }

    /** Where the topics have names, one that is not there is waited for; where they match a pattern, it has been deleted. */
    private void noteGone(Set<String> now) {
        for (String topic : known) {
            if (!now.contains(topic) && gone.add(topic)) {
                CheckedSplits.lost(lostRecords, CheckedSplits.deleted(topic));
            }
        }
        now.stream().filter(gone::contains).findFirst().ifPresent(topic -> {
            // Its partitions are with the readers already; they begin at the first record when they start again.
            throw new FlinkRuntimeException(CheckedSplits.againMade(topic));
        });
    }

    /**
     * Where records may be skipped, the job restarts, and its readers do so. Where they may not, this refuses as they do: they notice it
     * at the same time, and Flink reports whichever failure came last.
     */
    private void requireSame(String topic, Uuid id) {
        Uuid before = topicIds.put(topic, id);
        if (before != null && !before.equals(id)) {
            String what = CheckedSplits.againMade(topic);
            throw lostRecords == LostRecords.FAIL ? CheckedSplits.refusal(what) : new FlinkRuntimeException(what);
        }
    }
}
