package io.hatflow.job.sink;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.job.sink.SinkSettings.Guarantee;
import java.util.Map;
import java.util.Properties;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.KafkaSinkBuilder;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;

/** Builds the Kafka sinks of events. */
public final class EventSinks {

    /** A dead letter holds a whole source record, whose own size its producer and broker have let pass. */
    private static final int MAX_REQUEST_BYTES = 64 << 20;

    private final String bootstrapServers;
    private final SinkSettings settings;
    private final Map<String, String> properties;

    /**
     * Sinks as the settings say.
     *
     * @param properties handed on to the producers
     */
    public EventSinks(String bootstrapServers, SinkSettings settings, Map<String, String> properties) {
        this.bootstrapServers = bootstrapServers;
        this.settings = settings;
        this.properties = Map.copyOf(properties);
    }

    /** For events of labelled documents. */
    public KafkaSink<LabelledDocument> labelled() {
        return sink(new LabelledSerializer(settings.labelledTopic()), "labelled");
    }

    /** For dead letters. */
    public KafkaSink<DeadLetter> deadLetters() {
        return sink(new DeadLetterSerializer(settings.deadLetterTopic()), "dead-letters");
    }

    private <T> KafkaSink<T> sink(KafkaRecordSerializationSchema<T> serializer, String name) {
        KafkaSinkBuilder<T> builder = KafkaSink.<T>builder()
                .setKafkaProducerConfig(producer())
                .setBootstrapServers(bootstrapServers)
                .setRecordSerializer(serializer);
        if (settings.guarantee() == Guarantee.EXACTLY_ONCE) {
            // Two sinks: with one prefix, each would abort the other's transactions when it starts.
            builder.setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
                    .setTransactionalIdPrefix(settings.transactionalIdPrefix() + "-" + name)
                    .setTransactionNamingStrategy(TransactionNamingStrategy.INCREMENTING);
        } else {
            builder.setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE);
        }
        return builder.build();
    }

    private Properties producer() {
        Properties producer = new Properties();
        producer.setProperty("max.request.size", Integer.toString(MAX_REQUEST_BYTES));
        producer.setProperty("compression.type", "lz4");
        producer.putAll(properties);
        producer.setProperty(
                "transaction.timeout.ms",
                Long.toString(settings.transactionTimeout().toMillis()));
        return producer;
    }
}
