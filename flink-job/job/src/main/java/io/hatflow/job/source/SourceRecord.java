package io.hatflow.job.source;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One record of the source as it came. What is in flight is part of every checkpoint and counts against the memory of its task, so that
 * this is also how a document waits there: as its bytes alone, in a Flink POJO, whose serializer can evolve.
 *
 * @param timestamp milliseconds since 1970, as its producer or its broker set it
 */
@SuppressWarnings("ArrayRecordComponent") // Kafka's bytes; never compared
public record SourceRecord(
        String topic,
        int partition,
        long offset,
        long timestamp,
        byte @Nullable [] key,
        List<RecordHeader> headers,
        byte @Nullable [] value) {

    /** Bytes of what the record holds. */
    public long bytes() {
        long bytes = (long) (key == null ? 0 : key.length) + (value == null ? 0 : value.length);
        for (RecordHeader header : headers) {
            bytes += header.key().length() + (header.value() == null ? 0 : header.value().length);
        }
        return bytes;
    }

    /** Where it came from. Flink puts records into messages and logs, where nothing of a document belongs. */
    @Override
    public String toString() {
        return topic + "-" + partition + "@" + offset;
    }
}
