package io.hatflow.job.source;

import io.hatflow.job.kafka.KafkaAccess;
import io.hatflow.job.source.SourceSettings.LostRecords;
import java.util.ArrayList;
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

/**
 * The partitions of the topics of documents, once Kafka has said that we may read them. Asked by the JobManager, at the start and from time
 * to time; so it is also who notices a topic that is made again while the job runs.
 */
final class ReadableTopics implements KafkaSubscriber {

    private static final long serialVersionUID = 2L;

    private final KafkaAccess kafka;
    private final ArrayList<String> topics;
    private final String groupId;
    private final LostRecords lostRecords;
    private final HashSet<TopicPartition> setAside = new HashSet<>();
    private final HashMap<String, Uuid> topicIds = new HashMap<>();

    ReadableTopics(KafkaAccess kafka, SourceSettings settings) {
        this.kafka = kafka;
        this.topics = new ArrayList<>(settings.topics());
        this.groupId = settings.groupId();
        this.lostRecords = settings.lostRecords();
    }

    /** Begins for a job: nothing is known of the topics. Partitions of topics that are not named any more are with the readers, unread. */
    synchronized void begin(Collection<TopicPartition> known) {
        topicIds.clear();
        setAside.clear();
        known.stream().filter(each -> !topics.contains(each.topic())).forEach(setAside::add);
    }

    @Override
    public synchronized Set<TopicPartition> getSubscribedTopicPartitions(AdminClient admin) {
        kafka.requireReading(admin, topics, groupId);
        Set<TopicPartition> partitions = new HashSet<>(setAside);
        for (Map.Entry<String, TopicDescription> topic :
                new KafkaTopics(admin).describe(topics).entrySet()) {
            requireSame(topic.getKey(), topic.getValue().topicId());
            topic.getValue()
                    .partitions()
                    .forEach(each -> partitions.add(new TopicPartition(topic.getKey(), each.partition())));
        }
        return partitions;
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
