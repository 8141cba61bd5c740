package io.hatflow.job.source;

import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.kafka.common.Uuid;

/** A partition, how far it was read, and the id of its topic: a topic that is made again has the same name and other records. */
final class TopicSplit extends KafkaPartitionSplit {

    private final Uuid topicId;

    TopicSplit(KafkaPartitionSplit split, Uuid topicId) {
        super(
                split.getTopicPartition(),
                split.getStartingOffset(),
                split.getStoppingOffset().orElse(NO_STOPPING_OFFSET));
        this.topicId = topicId;
    }

    Uuid topicId() {
        return topicId;
    }

    /** The id that a split has, or {@link Uuid#ZERO_UUID} where none is known: of a broker or a job that knew of no ids. */
    static Uuid topicIdOf(KafkaPartitionSplit split) {
        return split instanceof TopicSplit known ? known.topicId() : Uuid.ZERO_UUID;
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other) && other instanceof TopicSplit split && topicId.equals(split.topicId);
    }

    @Override
    public int hashCode() {
        return super.hashCode() * 31 + topicId.hashCode();
    }
}
