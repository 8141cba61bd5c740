package io.hatflow.job.format;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hatflow.events.Reason;
import io.hatflow.job.registry.ConfluentFraming;
import io.hatflow.job.source.RecordHeader;
import java.util.Optional;
import java.util.Set;
import org.apache.avro.Schema;

/** Every Avro value of a record is a document or is refused; {@code flink-job/fuzz.sh} searches for one that is neither. */
class AvroRecordFuzzTest {

    /** Every type, a record within itself, and items that take no bytes. */
    static final Schema SCHEMA = AvroBytes.schema("""
            {'type': 'record', 'name': 'R', 'fields': [
              {'name': 'u', 'type': ['null', 'string', 'int', 'R', {'type': 'array', 'items': 'string'}, 'bytes']},
              {'name': 't', 'type': ['null', 'string']},
              {'name': 'm', 'type': {'type': 'map', 'values': ['double', 'float', 'boolean', 'R']}},
              {'name': 'n', 'type': {'type': 'array', 'items': 'null'}},
              {'name': 'd', 'type': {'type': 'bytes', 'logicalType': 'decimal', 'precision': 40, 'scale': 3}},
              {'name': 's', 'type': {'type': 'array', 'items': ['null', 'string']}},
              {'name': 'e', 'type': {'type': 'enum', 'name': 'E', 'symbols': ['A', 'B', 'high']}},
              {'name': 'at', 'type': {'type': 'long', 'logicalType': 'timestamp-nanos'}},
              {'name': 'f', 'type': {'type': 'fixed', 'name': 'F', 'size': 12, 'logicalType': 'duration'}},
              {'name': 'l', 'type': {'type': 'array', 'items': {'type': 'map', 'values': 'F'}}}]}
            """);

    private static final Set<Reason> REASONS =
            Set.of(Reason.MISSING_FIELD, Reason.WRONG_TYPE, Reason.INVALID_ID, Reason.MALFORMED_DOCUMENT);
    private static final Set<Reason> CONFLUENT_REASONS = Set.of(
            Reason.NOT_AVRO,
            Reason.UNKNOWN_SCHEMA,
            Reason.MISSING_FIELD,
            Reason.WRONG_TYPE,
            Reason.INVALID_ID,
            Reason.MALFORMED_DOCUMENT);

    private final FieldMapping mapping =
            Given.mapping("text=u,t,s", "id=d", "title=m.a", "time=at", "priority=e", "metadata=f,u.t,m.b.at,u.u.u.t");
    private final DocumentDecoder bare = new BareAvroDecoder(SCHEMA, mapping);
    private final DocumentDecoder confluent = new ConfluentAvroDecoder(
            new SchemasById(id -> id % 2 == 0 ? Optional.of(SCHEMA) : Optional.empty()), mapping);

    @FuzzTest
    void everyValueIsADocumentOrIsRefused(byte[] value) {
        DecodedRecords.check(bare, Given.record(value), REASONS);
        DecodedRecords.check(confluent, Given.record(value), CONFLUENT_REASONS);
        DecodedRecords.check(confluent, Given.record(AvroBytes.afterId(2, value)), CONFLUENT_REASONS);
        RecordHeader header = new RecordHeader(ConfluentFraming.HEADER, value);
        DecodedRecords.check(confluent, Given.record(value, header), CONFLUENT_REASONS);
    }
}
