package io.hatflow.job.source;

import io.hatflow.job.kafka.KafkaAccess;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.flink.connector.kafka.source.enumerator.subscriber.KafkaSubscriber;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.common.TopicPartition;

/** The partitions of the topics of documents, once Kafka has said that we may read them. Asked by the JobManager. */
final class ReadableTopics implements KafkaSubscriber {

    private static final long serialVersionUID = 1L;

    private final KafkaAccess kafka;
    private final ArrayList<String> topics;
    private final String groupId;
    private final KafkaSubscriber subscriber;

    ReadableTopics(KafkaAccess kafka, List<String> topics, String groupId) {
        this.kafka = kafka;
        this.topics = new ArrayList<>(topics);
        this.groupId = groupId;
        this.subscriber = KafkaSubscriber.getTopicListSubscriber(this.topics);
    }

    @Override
    public Set<TopicPartition> getSubscribedTopicPartitions(AdminClient admin) {
        kafka.requireReading(admin, topics, groupId);
        return subscriber.getSubscribedTopicPartitions(admin);
    }
}
