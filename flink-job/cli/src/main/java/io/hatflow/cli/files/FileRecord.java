package io.hatflow.cli.files;

import io.hatflow.job.format.Decoded;
import io.hatflow.job.format.DocumentDecoder;
import io.hatflow.job.format.Refusal;
import io.hatflow.job.source.SourceRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a file holds in the place of a record, as if the file were a topic and its records were numbered from 1.
 *
 * @param refusal why there is no record; null where there is one
 */
public record FileRecord(SourceRecord record, @Nullable Refusal refusal) {

    /** Its number. */
    public long number() {
        return record.offset();
    }

    /** Bytes that it holds. */
    public long bytes() {
        return record.bytes();
    }

    /** Where it is, without what it holds: the file has it. */
    public SourceRecord place() {
        return new SourceRecord(
                record.topic(), record.partition(), record.offset(), record.timestamp(), null, List.of(), null);
    }

    /** The document, or why there is none. */
    public Decoded decoded(DocumentDecoder decoder) {
        return refusal == null ? decoder.decode(record) : new Decoded(null, refusal, false);
    }
}
