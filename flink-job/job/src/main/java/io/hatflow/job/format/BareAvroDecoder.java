package io.hatflow.job.format;

import io.hatflow.events.Reason;
import io.hatflow.job.source.SourceRecord;
import org.apache.avro.Schema;

/** Decides whether bytes are a record in Avro's binary form by one schema, nothing before it and nothing after it. Not thread-safe. */
final class BareAvroDecoder implements DocumentDecoder {

    private final AvroValues values;
    private final AvroFields writer;

    BareAvroDecoder(Schema writer, FieldMapping mapping) {
        values = new AvroValues(mapping);
        this.writer = values.by(writer);
    }

    @Override
    public Decoded decode(SourceRecord record) {
        byte[] value = record.value();
        if (value == null) {
            return Decoded.refused(
                    Reason.NULL_VALUE, "The record has no value; expected Avro by the schema of document.schema.");
        }
        return values.decode(writer, record, value, 0);
    }
}
