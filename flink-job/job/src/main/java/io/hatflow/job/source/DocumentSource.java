package io.hatflow.job.source;

import io.hatflow.job.kafka.KafkaAccess;
import java.io.IOException;
import java.util.Properties;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.KafkaSourceOptions;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * The Kafka source of documents: the connector's, but that each of its parts begins by asking whether Kafka lets it in, and whether what
 * a checkpoint says of topics still holds.
 */
public final class DocumentSource
        implements Source<SourceRecord, KafkaPartitionSplit, KafkaSourceEnumState>, ResultTypeQueryable<SourceRecord> {

    private static final long serialVersionUID = 1L;

    private final KafkaSource<SourceRecord> source;
    private final ReadableTopics topics;
    private final KafkaAccess kafka;
    private final SourceSettings settings;

    private DocumentSource(
            KafkaSource<SourceRecord> source, ReadableTopics topics, KafkaAccess kafka, SourceSettings settings) {
        this.source = source;
        this.topics = topics;
        this.kafka = kafka;
        this.settings = settings;
    }

    /** A source as the settings say. */
    public static DocumentSource of(KafkaAccess kafka, SourceSettings settings) {
        Properties consumer = new Properties();
        // Events of aborted transactions of the documents' producers never were.
        consumer.setProperty("isolation.level", "read_committed");
        consumer.putAll(kafka.properties());
        consumer.setProperty(
                KafkaSourceOptions.PARTITION_DISCOVERY_INTERVAL_MS.key(),
                Long.toString(settings.partitionDiscoveryInterval().toMillis()));
        ReadableTopics topics = new ReadableTopics(kafka, settings);
        KafkaSourceBuilder<SourceRecord> builder = KafkaSource.<SourceRecord>builder()
                .setProperties(consumer)
                .setBootstrapServers(kafka.bootstrapServers())
                .setKafkaSubscriber(topics)
                .setGroupId(settings.groupId())
                .setStartingOffsets(new StartOffsets(settings.startFrom(), settings.lostRecords(), topics))
                .setDeserializer(new DocumentDeserializer());
        if (settings.until() == SourceSettings.Until.CAUGHT_UP) {
            builder.setBounded(OffsetsInitializer.latest());
        }
        return new DocumentSource(builder.build(), topics, kafka, settings);
    }

    @Override
    public Boundedness getBoundedness() {
        return source.getBoundedness();
    }

    /** The JobManager's thread calls this, so that only what needs no answer is asked; the rest is for {@link ReadableTopics}. */
    @Override
    public SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> createEnumerator(
            SplitEnumeratorContext<KafkaPartitionSplit> context) {
        kafka.requireClient();
        topics.begin();
        return source.createEnumerator(context);
    }

    @Override
    public SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> restoreEnumerator(
            SplitEnumeratorContext<KafkaPartitionSplit> context, KafkaSourceEnumState checkpoint) throws IOException {
        kafka.requireClient();
        topics.goOn(checkpoint.splits().stream()
                .map(each -> each.split().getTopicPartition())
                .toList());
        return source.restoreEnumerator(context, checkpoint);
    }

    @Override
    public SourceReader<SourceRecord, KafkaPartitionSplit> createReader(SourceReaderContext context) throws Exception {
        kafka.requireReading(settings.topics(), settings.groupId());
        return new DocumentReader(source.createReader(context), new CheckedSplits(kafka, settings));
    }

    @Override
    public SimpleVersionedSerializer<KafkaPartitionSplit> getSplitSerializer() {
        return new TopicSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<KafkaSourceEnumState> getEnumeratorCheckpointSerializer() {
        return source.getEnumeratorCheckpointSerializer();
    }

    @Override
    public TypeInformation<SourceRecord> getProducedType() {
        return source.getProducedType();
    }
}
