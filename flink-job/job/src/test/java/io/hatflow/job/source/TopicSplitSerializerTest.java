package io.hatflow.job.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplitSerializer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class TopicSplitSerializerTest {

    private static final TopicSplitSerializer SERIALIZER = new TopicSplitSerializer();
    private static final KafkaPartitionSplit PLAIN =
            new KafkaPartitionSplit(new TopicPartition("documents", 3), 42, 50);

    @Test
    void aSplitKeepsTheIdOfItsTopic() throws IOException {
        TopicSplit split = new TopicSplit(PLAIN, Uuid.randomUuid());

        assertThat(SERIALIZER.deserialize(SERIALIZER.getVersion(), SERIALIZER.serialize(split)))
                .isEqualTo(split);
    }

    @Test
    void aSplitWithoutAnIdHasNone() throws IOException {
        KafkaPartitionSplit read = SERIALIZER.deserialize(SERIALIZER.getVersion(), SERIALIZER.serialize(PLAIN));

        assertThat(read).isEqualTo(new TopicSplit(PLAIN, Uuid.ZERO_UUID));
    }

    /** Checkpoints of releases that did not know of ids. */
    @Test
    void aSplitThatTheConnectorWroteIsRead() throws IOException {
        KafkaPartitionSplitSerializer connector = new KafkaPartitionSplitSerializer();

        KafkaPartitionSplit read = SERIALIZER.deserialize(connector.getVersion(), connector.serialize(PLAIN));

        assertThat(read).isEqualTo(PLAIN);
        assertThat(TopicSplit.topicIdOf(read)).isEqualTo(Uuid.ZERO_UUID);
    }
}
