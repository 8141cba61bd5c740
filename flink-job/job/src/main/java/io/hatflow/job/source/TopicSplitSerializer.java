package io.hatflow.job.source;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplitSerializer;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.kafka.common.Uuid;

/** The topic's id, then what the connector writes of a split. Reads splits that were written without an id, too. */
final class TopicSplitSerializer implements SimpleVersionedSerializer<KafkaPartitionSplit> {

    /** Versions below are the connector's own. */
    private static final int FIRST = 1000;

    private final KafkaPartitionSplitSerializer connector = new KafkaPartitionSplitSerializer();

    @Override
    public int getVersion() {
        return FIRST + connector.getVersion();
    }

    @Override
    public byte[] serialize(KafkaPartitionSplit split) throws IOException {
        Uuid id = TopicSplit.topicIdOf(split);
        byte[] rest = connector.serialize(split);
        return ByteBuffer.allocate(2 * Long.BYTES + rest.length)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .put(rest)
                .array();
    }

    @Override
    public KafkaPartitionSplit deserialize(int version, byte[] bytes) throws IOException {
        if (version < FIRST) {
            return connector.deserialize(version, bytes);
        }
        ByteBuffer id = ByteBuffer.wrap(bytes);
        byte[] rest = Arrays.copyOfRange(bytes, 2 * Long.BYTES, bytes.length);
        return new TopicSplit(connector.deserialize(version - FIRST, rest), new Uuid(id.getLong(), id.getLong()));
    }
}
