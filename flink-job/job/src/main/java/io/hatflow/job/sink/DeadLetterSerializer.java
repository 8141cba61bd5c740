package io.hatflow.job.sink;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.Header;
import io.hatflow.events.Provenance;
import io.hatflow.events.Reason;
import io.hatflow.job.kafka.OutputTopic;
import io.hatflow.job.registry.ConfluentFraming;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.serialization.SerializationSchema.InitializationContext;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Writes a dead letter under the key and with the headers of its source record, but the one that says what the value was, followed by
 * those that Kafka Connect gives its dead letters, so that the same tools read both.
 */
final class DeadLetterSerializer implements KafkaRecordSerializationSchema<DeadLetter> {

    private static final long serialVersionUID = 2L;

    private static final String CONNECT = "__connect.errors.";

    private final OutputTopic topic;
    private final EventEncoder<DeadLetter> encoder;

    DeadLetterSerializer(OutputTopic topic, EventEncoder<DeadLetter> encoder) {
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
            DeadLetter event, KafkaSinkContext context, @Nullable Long timestamp) {
        String to = topic.of(event.getProvenance().getTopic());
        ProducerRecord<byte[], byte[]> written =
                new ProducerRecord<>(to, EventBytes.ofNullable(event.getKey()), encoder.encode(to, event));
        for (Header header : event.getHeaders()) {
            // It names the schema of the source's value, and this is another value. The dead letter's own list has it.
            if (!header.getKey().equals(ConfluentFraming.HEADER)) {
                written.headers().add(header.getKey(), EventBytes.ofNullable(header.getValue()));
            }
        }
        Provenance source = event.getProvenance();
        add(written, "topic", source.getTopic());
        add(written, "partition", Integer.toString(source.getPartition()));
        add(written, "offset", Long.toString(source.getOffset()));
        add(written, "stage", event.getStage().name());
        // Connect names the exception's class; what a program can tell apart here is the reason.
        add(
                written,
                "exception.class.name",
                Reason.class.getName() + "." + event.getReason().name());
        add(written, "exception.message", event.getMessage());
        return written;
    }

    private static void add(ProducerRecord<byte[], byte[]> record, String name, String text) {
        record.headers().add(CONNECT + name, text.getBytes(StandardCharsets.UTF_8));
    }
}
