package io.hatflow.job.source;

import io.hatflow.job.source.SourceSettings.LostRecords;
import io.hatflow.job.source.SourceSettings.StartFrom;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.kafka.common.TopicPartition;

/**
 * Where a job without a checkpoint begins, and what a consumer does whose next record is gone: nothing, unless it may skip. Topics that were
 * not there yet are read from their first record; the connector asks here for the first that it finds, however late that is.
 */
record StartOffsets(StartFrom from, LostRecords lost, ReadableTopics topics) implements OffsetsInitializer {

    @Override
    public Map<TopicPartition, Long> getPartitionOffsets(
            Collection<TopicPartition> partitions, PartitionOffsetsRetriever kafka) {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        partitions.forEach(partition -> offsets.put(partition, KafkaPartitionSplit.EARLIEST_OFFSET));
        switch (from) {
            // Also of topics that have appeared since: they have no commits, unless a job that had not begun to read
            // was restored.
            case COMMITTED -> offsets.putAll(kafka.committedOffsets(partitions));
            case EARLIEST -> {}
            case LATEST ->
                offsets.putAll(kafka.endOffsets(partitions.stream()
                        .filter(partition -> topics.wasThereFirst(partition.topic()))
                        .toList()));
        }
        return offsets;
    }

    @Override
    @SuppressWarnings("deprecation") // the connector's own signature
    public OffsetResetStrategy getAutoOffsetResetStrategy() {
        return lost == LostRecords.SKIP ? OffsetResetStrategy.EARLIEST : OffsetResetStrategy.NONE;
    }
}
