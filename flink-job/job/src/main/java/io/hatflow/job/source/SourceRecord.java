package io.hatflow.job.source;

import io.hatflow.events.Document;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One record of the source with what its value means: a document, or the refusal of one; never both, never neither. What
 * is in flight is part of every checkpoint, so that this is also how a document waits there: as a Flink POJO that holds an
 * Avro record, both with serializers that can evolve.
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
        byte @Nullable [] value,
        @Nullable Document document,
        @Nullable Refusal refusal) {

    /** Where it came from. Flink puts records into messages and logs, where nothing of a document belongs. */
    @Override
    public String toString() {
        return topic + "-" + partition + "@" + offset;
    }
}
