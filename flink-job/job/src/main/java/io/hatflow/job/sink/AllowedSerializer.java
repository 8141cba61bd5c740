package io.hatflow.job.sink;

import io.hatflow.job.kafka.KafkaAccess;
import io.hatflow.job.kafka.KafkaRefusal;
import io.hatflow.job.kafka.OutputTopic;
import java.util.HashMap;
import java.util.Properties;
import org.apache.flink.api.common.serialization.SerializationSchema.InitializationContext;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.AbstractRecords;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.SimpleRecord;
import org.jspecify.annotations.Nullable;

/**
 * Serializes as another does, once Kafka has said that we may write, and ends the job with a sentence where an event is larger than producer
 * or topic take: the task would fail with it for ever. Of all that the connector calls, this is what comes before its producer, on the
 * machine that writes and at every start.
 */
final class AllowedSerializer<T> implements KafkaRecordSerializationSchema<T> {

    private static final long serialVersionUID = 2L;

    private final KafkaRecordSerializationSchema<T> serializer;
    private final KafkaAccess kafka;
    private final OutputTopic topic;
    private final String transactionalIdPrefix;
    private final long requestLimit;
    private final String compression;
    /** The most bytes that a batch may have, by the topics that were asked about. */
    private final HashMap<String, Long> topicLimits = new HashMap<>();

    /**
     * Nothing is asked yet.
     *
     * @param transactionalIdPrefix empty where there are no transactions
     * @param producer its properties; the sizes are those that {@link EventSinks} sets, or that the settings hand on
     */
    AllowedSerializer(
            KafkaRecordSerializationSchema<T> serializer,
            KafkaAccess kafka,
            OutputTopic topic,
            String transactionalIdPrefix,
            Properties producer) {
        this.serializer = serializer;
        this.kafka = kafka;
        this.topic = topic;
        this.transactionalIdPrefix = transactionalIdPrefix;
        this.requestLimit = Math.min(
                Long.parseLong(producer.getProperty("max.request.size")),
                Long.parseLong(producer.getProperty("buffer.memory")));
        this.compression = producer.getProperty("compression.type");
    }

    @Override
    public void open(InitializationContext context, KafkaSinkContext sink) throws Exception {
        if (!transactionalIdPrefix.isEmpty()) {
            kafka.requireTransactions(transactionalIdPrefix + "-access-" + sink.getParallelInstanceId());
        }
        if (!topic.followsInput()) {
            topicLimits.put(topic.template(), allowed(topic.template()));
        }
        serializer.open(context, sink);
    }

    @Override
    public @Nullable ProducerRecord<byte[], byte[]> serialize(
            T event, KafkaSinkContext context, @Nullable Long timestamp) {
        ProducerRecord<byte[], byte[]> record = serializer.serialize(event, context, timestamp);
        if (record != null) {
            requireRoom(record, topicLimits.computeIfAbsent(record.topic(), this::allowed));
        }
        return record;
    }

    private long allowed(String written) {
        kafka.requireWriting(written);
        return kafka.largestBatch(written);
    }

    /** The producer counts what it is given, the topic what arrives; the latter costs time to find out, and is nearly always the smaller. */
    private void requireRoom(ProducerRecord<byte[], byte[]> record, long topicLimit) {
        long plain = AbstractRecords.estimateSizeInBytesUpperBound(
                RecordBatch.CURRENT_MAGIC_VALUE,
                CompressionType.NONE,
                record.key(),
                record.value(),
                record.headers().toArray());
        if (plain > requestLimit) {
            throw tooLarge(
                    record.topic(),
                    plain,
                    requestLimit,
                    "kafka.properties.max.request.size and kafka.properties.buffer.memory");
        }
        if (plain > topicLimit) {
            long sent = compressed(record);
            if (sent > topicLimit) {
                throw tooLarge(
                        record.topic(),
                        sent,
                        topicLimit,
                        "max.message.bytes of the topic (kafka-configs --alter --topic " + record.topic() + ")");
            }
        }
    }

    private long compressed(ProducerRecord<byte[], byte[]> record) {
        return MemoryRecords.withRecords(
                        Compression.of(compression).build(),
                        new SimpleRecord(
                                0,
                                record.key(),
                                record.value(),
                                record.headers().toArray()))
                .sizeInBytes();
    }

    private static SuppressRestartsException tooLarge(String topic, long bytes, long limit, String setting) {
        return new SuppressRestartsException(
                new KafkaRefusal("An event for the topic " + topic + " has " + bytes + " bytes, expected at"
                        + " most " + limit + ": a dead letter holds its whole record and more. Raise " + setting
                        + ", and start from the last checkpoint"));
    }
}
