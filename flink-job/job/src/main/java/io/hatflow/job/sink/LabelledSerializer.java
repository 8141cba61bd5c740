package io.hatflow.job.sink;

import io.hatflow.events.LabelledDocument;
import io.hatflow.job.kafka.OutputTopic;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.serialization.SerializationSchema.InitializationContext;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Writes a labelled document under the key of its source record, or under the document's id
 * where that had none, so that documents of one key stay in one partition. Kafka's timestamp is the time of writing: with
 * that of the source, retention would remove the events of old documents, and brokers refuse timestamps that lie ahead.
 */
final class LabelledSerializer implements KafkaRecordSerializationSchema<LabelledDocument> {

    private static final long serialVersionUID = 2L;

    private final OutputTopic topic;
    private final EventEncoder<LabelledDocument> encoder;

    LabelledSerializer(OutputTopic topic, EventEncoder<LabelledDocument> encoder) {
        this.topic = topic;
        this.encoder = encoder;
    }

    @Override
    public void open(InitializationContext context, KafkaSinkContext sink) {
        if (!topic.followsInput()) {
            encoder.open(topic.template());
        }
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
            LabelledDocument event, KafkaSinkContext context, @Nullable Long timestamp) {
        byte[] key = EventBytes.ofNullable(event.getProvenance().getKey());
        if (key == null) {
            key = event.getDocumentId().getBytes(StandardCharsets.UTF_8);
        }
        String to = topic.of(event.getProvenance().getTopic());
        return new ProducerRecord<>(to, key, encoder.encode(to, event));
    }
}
