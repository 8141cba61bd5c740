package io.hatflow.job.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.job.SharedBroker;
import io.hatflow.job.kafka.InputTopics;
import io.hatflow.job.kafka.KafkaAccess;
import io.hatflow.job.kafka.OutputTopic;
import io.hatflow.job.kafka.OutputTopics;
import io.hatflow.job.source.SourceSettings.LostRecords;
import io.hatflow.job.source.SourceSettings.StartFrom;
import io.hatflow.job.source.SourceSettings.Until;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumerator.PartitionOffsetsRetrieverImpl;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where topics are begun that were there when the job first looked, and those that were not. */
@ExtendWith(SharedBroker.class)
@Timeout(60)
class StartOffsetsIT {

    private static SourceSettings settings(String name, StartFrom from) {
        OutputTopics written = new OutputTopics(new OutputTopic("labelled"), new OutputTopic("dead"));
        return new SourceSettings(
                new InputTopics(List.of(), Pattern.compile(name + "-.*"), written),
                name,
                from,
                Until.CANCELLED,
                LostRecords.FAIL,
                Duration.ofSeconds(1));
    }

    private static TopicPartition makeWithRecord(LocalBroker broker, String topic) throws Exception {
        broker.createTopics(1, List.of(topic));
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, new byte[] {1})).get();
        }
        return new TopicPartition(topic, 0);
    }

    /** What the connector is told to begin at, of topics that are there after it has looked. */
    private static Map<TopicPartition, Long> offsets(
            AdminClient admin, ReadableTopics topics, SourceSettings settings) {
        Set<TopicPartition> partitions = topics.getSubscribedTopicPartitions(admin);
        return new StartOffsets(settings.startFrom(), LostRecords.FAIL, topics)
                .getPartitionOffsets(partitions, new PartitionOffsetsRetrieverImpl(admin, settings.groupId()));
    }

    @ParameterizedTest
    @EnumSource
    void theFirstTopicToAppearIsReadFromItsFirstRecord(StartFrom from, LocalBroker broker) throws Exception {
        SourceSettings settings = settings("start-" + from, from);
        ReadableTopics topics = new ReadableTopics(new KafkaAccess(broker.bootstrapServers(), Map.of()), settings);
        topics.begin();
        try (AdminClient admin = AdminClient.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            assertThat(topics.getSubscribedTopicPartitions(admin)).isEmpty();
            TopicPartition later = makeWithRecord(broker, settings.groupId() + "-later");

            assertThat(offsets(admin, topics, settings))
                    .containsExactly(Map.entry(later, KafkaPartitionSplit.EARLIEST_OFFSET));
        }
    }

    @Test
    void whatIsThereAtTheStartIsReadFromWhereTheSettingSays(LocalBroker broker) throws Exception {
        SourceSettings settings = settings("start-there", StartFrom.LATEST);
        ReadableTopics topics = new ReadableTopics(new KafkaAccess(broker.bootstrapServers(), Map.of()), settings);
        TopicPartition there = makeWithRecord(broker, "start-there-first");
        topics.begin();
        try (AdminClient admin = AdminClient.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            assertThat(offsets(admin, topics, settings)).containsExactly(Map.entry(there, 1L));
        }
    }
}
