package io.hatflow.job.sink;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.job.kafka.KafkaAccess;
import io.hatflow.job.kafka.OutputTopic;
import io.hatflow.job.registry.RegistrySettings;
import io.hatflow.job.sink.SinkSettings.Guarantee;
import io.hatflow.job.trace.TracedDocument;
import java.util.Properties;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.KafkaSinkBuilder;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;

/** Builds the Kafka sinks of events. */
public final class EventSinks {

    /**
     * A dead letter holds a whole source record, whose own size its producer and broker have let pass. A producer takes no record above its
     * buffer either, and the buffer takes memory only as it is needed.
     */
    private static final int MAX_REQUEST_BYTES = 64 << 20;

    /**
     * How long an event waits for company in one request, in ms. Consumers see those of a transaction when a checkpoint ends it, seconds
     * later, so that requests for single events would only keep the broker busy.
     */
    private static final int LINGER_IN_TRANSACTION = 100;

    private final KafkaAccess kafka;
    private final SinkSettings settings;
    private final EventFormat format;
    private final RegistrySettings registry;

    /** Sinks as the settings say. */
    public EventSinks(KafkaAccess kafka, SinkSettings settings, EventFormat format, RegistrySettings registry) {
        this.kafka = kafka;
        this.settings = settings;
        this.format = format;
        this.registry = registry;
    }

    /** For events of labelled documents. */
    public KafkaSink<TracedDocument> labelled() {
        return sink(
                new LabelledSerializer(settings.topics().labelled(), encoder(LabelledDocument.class)),
                settings.topics().labelled(),
                "labelled");
    }

    /** For dead letters. */
    public KafkaSink<DeadLetter> deadLetters() {
        return sink(
                new DeadLetterSerializer(settings.topics().deadLetters(), encoder(DeadLetter.class)),
                settings.topics().deadLetters(),
                "dead-letters");
    }

    private <T extends SpecificRecordBase> EventEncoder<T> encoder(Class<T> type) {
        return switch (format.encoding()) {
            case HATFLOW -> new SingleObjectEncoder<>(type);
            case CONFLUENT_AVRO -> new ConfluentAvroEncoder<>(type, registry, format.registerSchemas());
            case JSON -> new JsonEncoder<>();
        };
    }

    private <T> KafkaSink<T> sink(KafkaRecordSerializationSchema<T> serializer, OutputTopic topic, String name) {
        boolean exactlyOnce = settings.guarantee() == Guarantee.EXACTLY_ONCE;
        // Two sinks: with one prefix, each would abort the other's transactions when it starts.
        String prefix = exactlyOnce ? settings.transactionalIdPrefix() + "-" + name : "";
        Properties producer = producer(exactlyOnce);
        KafkaSinkBuilder<T> builder = KafkaSink.<T>builder()
                .setKafkaProducerConfig(producer)
                .setBootstrapServers(kafka.bootstrapServers())
                .setRecordSerializer(new AllowedSerializer<>(serializer, kafka, topic, prefix, producer));
        if (exactlyOnce) {
            builder.setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
                    .setTransactionalIdPrefix(prefix)
                    .setTransactionNamingStrategy(TransactionNamingStrategy.INCREMENTING);
        } else {
            builder.setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE);
        }
        return builder.build();
    }

    private Properties producer(boolean exactlyOnce) {
        Properties producer = new Properties();
        producer.setProperty("max.request.size", Integer.toString(MAX_REQUEST_BYTES));
        producer.setProperty("buffer.memory", Integer.toString(MAX_REQUEST_BYTES));
        producer.setProperty("compression.type", "lz4");
        // Outside a transaction an event is seen at once. Under load batches fill while the broker answers; a lone
        // event would only wait.
        producer.setProperty("linger.ms", Integer.toString(exactlyOnce ? LINGER_IN_TRANSACTION : 0));
        producer.putAll(kafka.properties());
        producer.setProperty(
                "transaction.timeout.ms",
                Long.toString(settings.transactionTimeout().toMillis()));
        return producer;
    }
}
