package io.hatflow.job.sink;

import io.hatflow.events.LabelledDocument;
import io.hatflow.job.kafka.OutputTopic;
import java.nio.charset.StandardCharsets;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Writes a labelled document in Avro single-object encoding, under the key of its source record, or under the document's id
 * where that had none, so that documents of one key stay in one partition. Kafka's timestamp is the time of writing: with
 * that of the source, retention would remove the events of old documents, and brokers refuse timestamps that lie ahead.
 */
final class LabelledSerializer implements KafkaRecordSerializationSchema<LabelledDocument> {

    private static final long serialVersionUID = 1L;

    private final OutputTopic topic;

    LabelledSerializer(OutputTopic topic) {
        this.topic = topic;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
            LabelledDocument event, KafkaSinkContext context, @Nullable Long timestamp) {
        byte[] key = EventBytes.ofNullable(event.getProvenance().getKey());
        if (key == null) {
            key = event.getDocumentId().getBytes(StandardCharsets.UTF_8);
        }
        return new ProducerRecord<>(
                topic.of(event.getProvenance().getTopic()),
                key,
                EventBytes.encoded(LabelledDocument.getEncoder(), event));
    }
}
