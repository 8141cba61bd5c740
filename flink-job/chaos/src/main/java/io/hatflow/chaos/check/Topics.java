package io.hatflow.chaos.check;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** The topics of a run. */
public record Topics(String bootstrapServers, String input, String labelled, String deadLetters) {

    /** A consumer of whole topics from their beginning; committed records only, unless told otherwise. */
    KafkaConsumer<byte[], byte[]> reader(boolean committed, String... topics) {
        KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        bootstrapServers,
                        "isolation.level",
                        committed ? "read_committed" : "read_uncommitted",
                        "default.api.timeout.ms",
                        "180000",
                        "reconnect.backoff.max.ms",
                        "500"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        List<TopicPartition> partitions =
                Stream.of(topics).flatMap(topic -> partitions(topic).stream()).toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        return consumer;
    }

    private static List<TopicPartition> partitions(String topic) {
        return IntStream.range(0, Documents.PARTITIONS)
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .toList();
    }

    /** Hands over every committed record that a topic holds now. */
    void read(String topic, Consumer<ConsumerRecord<byte[], byte[]>> each) {
        try (KafkaConsumer<byte[], byte[]> consumer = reader(true, topic)) {
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions(topic));
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(200)).forEach(each);
            }
        }
    }

    /** Whether there is no open transaction in the outputs, behind which readers would see nothing. */
    boolean allIsCommitted() {
        List<TopicPartition> outputs = Stream.of(labelled, deadLetters)
                .flatMap(topic -> partitions(topic).stream())
                .toList();
        try (KafkaConsumer<byte[], byte[]> committed = reader(true, labelled, deadLetters);
                KafkaConsumer<byte[], byte[]> all = reader(false, labelled, deadLetters)) {
            return committed.endOffsets(outputs).equals(all.endOffsets(outputs));
        }
    }
}
