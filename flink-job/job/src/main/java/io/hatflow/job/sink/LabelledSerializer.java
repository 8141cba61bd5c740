package io.hatflow.job.sink;

import io.hatflow.events.LabelledDocument;
import io.hatflow.job.kafka.OutputTopic;
import io.hatflow.job.trace.TracedDocument;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.serialization.SerializationSchema.InitializationContext;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Writes a labelled document under the key of its source record, or under the document's id
 * where that had none, so that documents of one key stay in one partition, and with the headers of its trace. Kafka's timestamp is the time of writing: with
 * that of the source, retention would remove the events of old documents, and brokers refuse timestamps that lie ahead.
 */
final class LabelledSerializer implements KafkaRecordSerializationSchema<TracedDocument> {

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
            TracedDocument document, KafkaSinkContext context, @Nullable Long timestamp) {
        LabelledDocument event = document.event();
        byte[] key = EventBytes.ofNullable(event.getProvenance().getKey());
        if (key == null) {
            key = event.getDocumentId().getBytes(StandardCharsets.UTF_8);
        }
        String to = topic.of(event.getProvenance().getTopic());
        ProducerRecord<byte[], byte[]> written = new ProducerRecord<>(to, key, encoder.encode(to, event));
        document.trace().addTo(written.headers());
        return written;
    }
}
