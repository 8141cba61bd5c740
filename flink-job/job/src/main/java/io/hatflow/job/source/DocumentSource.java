package io.hatflow.job.source;

import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;

/** Builds the Kafka source of documents. */
public final class DocumentSource {

    private DocumentSource() {}

    /**
     * A source as the settings say.
     *
     * @param properties handed on to the consumer
     * @throws IllegalArgumentException if the writers' schemas cannot be used, with all problems
     */
    public static KafkaSource<SourceRecord> of(
            String bootstrapServers, SourceSettings settings, Map<String, String> properties) {
        Properties consumer = new Properties();
        // Events of aborted transactions of the documents' producers never were.
        consumer.setProperty("isolation.level", "read_committed");
        consumer.putAll(properties);
        Path folder = settings.writerSchemas().isEmpty() ? null : Path.of(settings.writerSchemas());
        KafkaSourceBuilder<SourceRecord> builder = KafkaSource.<SourceRecord>builder()
                .setProperties(consumer)
                .setBootstrapServers(bootstrapServers)
                .setTopics(settings.topics())
                .setGroupId(settings.groupId())
                .setStartingOffsets(start(settings.startFrom()))
                .setDeserializer(new DocumentDeserializer(WriterSchemas.withFolder(folder)));
        if (settings.until() == SourceSettings.Until.CAUGHT_UP) {
            builder.setBounded(OffsetsInitializer.latest());
        }
        return builder.build();
    }

    @SuppressWarnings("deprecation") // the connector's own signature
    private static OffsetsInitializer start(SourceSettings.StartFrom startFrom) {
        return switch (startFrom) {
            case COMMITTED -> OffsetsInitializer.committedOffsets(OffsetResetStrategy.EARLIEST);
            case EARLIEST -> OffsetsInitializer.earliest();
            case LATEST -> OffsetsInitializer.latest();
        };
    }
}
