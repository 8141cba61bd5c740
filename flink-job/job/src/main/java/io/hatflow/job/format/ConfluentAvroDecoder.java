package io.hatflow.job.format;

import io.hatflow.events.Reason;
import io.hatflow.job.registry.ConfluentFraming;
import io.hatflow.job.registry.RegisteredSchemas;
import io.hatflow.job.registry.UnreadableSchemaException;
import io.hatflow.job.source.RecordHeader;
import io.hatflow.job.source.SourceRecord;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a record is one that Confluent's serializers write: Avro's binary form, and the id of its schema in a registry, either
 * before it (a zero byte, then four bytes) or in a header. Not thread-safe; waits for the registry where a schema is not known yet.
 */
final class ConfluentAvroDecoder implements DocumentDecoder {

    private static final byte GUID = 1;
    private static final int GUID_BYTES = 1 + 2 * Long.BYTES;

    /** Schemas that are kept ready; a topic has a few. */
    private static final int MOST_SCHEMAS = 1_000;

    /** How a record names its schema; one of them is null. */
    private record SchemaName(
            @Nullable Integer id, @Nullable UUID guid) {
        @Override
        public String toString() {
            return id == null ? "GUID " + guid : "id " + id;
        }
    }

    private final RegisteredSchemas registry;
    private final AvroValues values;

    @SuppressWarnings("serial") // never serialized
    private final Map<SchemaName, AvroFields> writers = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<SchemaName, AvroFields> eldest) {
            return size() > MOST_SCHEMAS;
        }
    };

    ConfluentAvroDecoder(RegisteredSchemas registry, FieldMapping mapping) {
        this.registry = registry;
        values = new AvroValues(mapping);
    }

    @Override
    public Decoded decode(SourceRecord record) {
        byte[] value = record.value();
        if (value == null) {
            return Decoded.refused(
                    Reason.NULL_VALUE,
                    "The record has no value; expected Avro with the id of its schema, as Confluent's serializers write.");
        }
        RecordHeader header = header(record.headers());
        SchemaName name = header == null ? before(value) : in(header);
        if (name == null) {
            return Decoded.refused(
                    Reason.NOT_AVRO,
                    header == null
                            ? "The value of " + value.length
                                    + " bytes does not begin with the id of a schema; expected 00,"
                                    + " then four bytes of id, then the record in Avro, as Confluent's serializers write."
                            : "The header " + ConfluentFraming.HEADER
                                    + " names no schema; expected 01 and the 16 bytes of a GUID, or 00 and"
                                    + " four bytes of id.");
        }
        try {
            AvroFields writer = writer(name);
            if (writer == null) {
                return Decoded.refused(
                        Reason.UNKNOWN_SCHEMA,
                        "The registry knows no Avro schema with the " + name
                                + "; expected one that it knows. Register it there, or set registry.url to the writer's registry.");
            }
            return values.decode(writer, record, value, header == null ? ConfluentFraming.BYTES : 0);
        } catch (UnreadableSchemaException e) {
            return Decoded.refused(Reason.UNKNOWN_SCHEMA, e.sentence() + ".");
        }
    }

    /** The last of its name, as Kafka's own reading of headers has it. */
    private static @Nullable RecordHeader header(List<RecordHeader> headers) {
        for (int i = headers.size() - 1; i >= 0; i--) {
            if (headers.get(i).key().equals(ConfluentFraming.HEADER)) {
                return headers.get(i);
            }
        }
        return null;
    }

    private static @Nullable SchemaName before(byte[] value) {
        return value.length >= ConfluentFraming.BYTES && value[0] == ConfluentFraming.MAGIC
                ? new SchemaName(ByteBuffer.wrap(value, 1, Integer.BYTES).getInt(), null)
                : null;
    }

    private static @Nullable SchemaName in(RecordHeader header) {
        byte[] name = header.value();
        if (name != null && name.length == GUID_BYTES && name[0] == GUID) {
            ByteBuffer guid = ByteBuffer.wrap(name, 1, GUID_BYTES - 1);
            return new SchemaName(null, new UUID(guid.getLong(), guid.getLong()));
        }
        return name != null && name.length == ConfluentFraming.BYTES ? before(name) : null;
    }

    /** Null where the registry knows none; it may know it later, so that this is not kept. */
    private @Nullable AvroFields writer(SchemaName name) {
        AvroFields known = writers.get(name);
        if (known != null) {
            return known;
        }
        Optional<Schema> schema = Optional.empty();
        if (name.id() != null) {
            schema = registry.byId(name.id());
        } else if (name.guid() != null) {
            schema = registry.byGuid(name.guid());
        }
        AvroFields writer = schema.map(values::by).orElse(null);
        if (writer != null) {
            writers.put(name, writer);
        }
        return writer;
    }
}
