package io.hatflow.cli;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.Header;
import io.hatflow.events.Provenance;
import io.hatflow.events.Reason;
import io.hatflow.job.registry.RegisteredSchemas;
import io.hatflow.job.sink.EventDecoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Sends the records in the dead letters of one reason again, from where the last replay of that reason ended up to the end of the topic
 * as it is now. How far it is, is the committed offset of a consumer group of its own, committed in the transactions that hold the
 * records: whoever reads those committed sees each once, wherever this is interrupted. Of several dead letters with one event id, which
 * jobs that promise at least once may write, the first of a run is sent.
 *
 * @param properties of Kafka's clients
 * @param schemas of dead letters in Confluent's form; null where no registry is given
 * @param to topic to send to; null for where each record came from
 * @param dryRun whether nothing is sent and no offset is committed
 */
record Replay(
        Map<String, Object> properties,
        @Nullable RegisteredSchemas schemas,
        String deadLetters,
        Reason reason,
        @Nullable String to,
        boolean dryRun) {

    /** Header of a record that was sent again: id of the dead letter's event. */
    static final String REPLAYED = "hatflow.replay-of";

    private static final Duration POLL = Duration.ofMillis(500);

    /**
     * What was done.
     *
     * @param seen dead letters of any reason
     * @param byTopic records that were sent, by where they went
     */
    record Summary(long seen, long sent, Map<String, Long> byTopic) {}

    Summary run() throws IOException {
        String group = "hatflow-replay-" + deadLetters + "-" + reason;
        Map<String, Object> reading = new HashMap<>(properties);
        reading.put("group.id", group);
        reading.put("isolation.level", "read_committed");
        reading.put("enable.auto.commit", "false");
        reading.put("auto.offset.reset", "earliest");
        Map<String, Object> writing = new HashMap<>(properties);
        writing.put("transactional.id", group);
        writing.putIfAbsent("max.request.size", 64 << 20);
        writing.putIfAbsent("buffer.memory", 64 << 20);
        try (KafkaConsumer<byte[], byte[]> consumer =
                        new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
                KafkaProducer<byte[], byte[]> producer =
                        new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer())) {
            List<PartitionInfo> found = consumer.partitionsFor(deadLetters);
            if (found == null || found.isEmpty()) {
                throw Records.noTopic("--dead-letters", deadLetters);
            }
            List<TopicPartition> partitions = found.stream()
                    .map(each -> new TopicPartition(deadLetters, each.partition()))
                    .toList();
            if (!dryRun) {
                // Also ends the transaction of a replay that was interrupted, before its offsets are looked at.
                producer.initTransactions();
            }
            consumer.assign(partitions);
            return copy(consumer, producer, consumer.endOffsets(partitions));
        }
    }

    private Summary copy(
            KafkaConsumer<byte[], byte[]> consumer,
            KafkaProducer<byte[], byte[]> producer,
            Map<TopicPartition, Long> ends)
            throws IOException {
        long seen = 0;
        EventDecoder<DeadLetter> decoder = new EventDecoder<>(DeadLetter.class, schemas);
        Set<String> known = new HashSet<>();
        Map<String, Long> byTopic = new TreeMap<>();
        while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            boolean open = false;
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                if (record.offset() >= ends.getOrDefault(new TopicPartition(record.topic(), record.partition()), 0L)) {
                    continue;
                }
                seen++;
                DeadLetter event = Records.decoded(record, decoder, "a dead letter");
                if (event.getReason() != reason || !known.add(event.getEventId())) {
                    continue;
                }
                ProducerRecord<byte[], byte[]> again = again(event);
                byTopic.merge(again.topic(), 1L, Long::sum);
                if (!dryRun) {
                    if (!open) {
                        producer.beginTransaction();
                        open = true;
                    }
                    var unused = producer.send(again); // a failure comes out at the commit
                }
            }
            if (open) {
                producer.sendOffsetsToTransaction(positions(consumer, ends), consumer.groupMetadata());
                producer.commitTransaction();
            }
        }
        if (!dryRun) {
            consumer.commitSync(positions(consumer, ends));
        }
        return new Summary(
                seen, byTopic.values().stream().mapToLong(count -> count).sum(), byTopic);
    }

    /** Not beyond what was looked at: what comes meanwhile is for the next replay. */
    private static Map<TopicPartition, OffsetAndMetadata> positions(
            KafkaConsumer<?, ?> consumer, Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey,
                        end -> new OffsetAndMetadata(Math.min(consumer.position(end.getKey()), end.getValue()))));
    }

    private ProducerRecord<byte[], byte[]> again(DeadLetter event) {
        Provenance source = event.getProvenance();
        ProducerRecord<byte[], byte[]> again = new ProducerRecord<>(
                to == null ? source.getTopic() : to, bytes(event.getKey()), bytes(event.getValue()));
        for (Header header : event.getHeaders()) {
            if (!header.getKey().equals(REPLAYED)) {
                again.headers().add(header.getKey(), bytes(header.getValue()));
            }
        }
        again.headers().add(REPLAYED, event.getEventId().getBytes(StandardCharsets.UTF_8));
        return again;
    }

    private static byte @Nullable [] bytes(@Nullable ByteBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
