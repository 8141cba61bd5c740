package io.hatflow.job.sink;

import io.hatflow.job.kafka.KafkaAccess;
import org.apache.flink.api.common.serialization.SerializationSchema.InitializationContext;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Serializes as another does, once Kafka has said that we may write. Of all that the connector calls, this is what comes before its
 * producer, on the machine that writes and at every start.
 *
 * @param transactionalIdPrefix empty where there are no transactions
 */
record AllowedSerializer<T>(
        KafkaRecordSerializationSchema<T> serializer, KafkaAccess kafka, String topic, String transactionalIdPrefix)
        implements KafkaRecordSerializationSchema<T> {

    @Override
    public void open(InitializationContext context, KafkaSinkContext sink) throws Exception {
        kafka.requireWriting(
                topic,
                transactionalIdPrefix.isEmpty()
                        ? ""
                        : transactionalIdPrefix + "-access-" + sink.getParallelInstanceId());
        serializer.open(context, sink);
    }

    @Override
    public @Nullable ProducerRecord<byte[], byte[]> serialize(
            T event, KafkaSinkContext context, @Nullable Long timestamp) {
        return serializer.serialize(event, context, timestamp);
    }
}
