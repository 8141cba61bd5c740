package io.hatflow.job.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hatflow.events.Reason;
import io.hatflow.job.registry.ConfluentFraming;
import io.hatflow.job.source.RecordHeader;
import io.hatflow.job.source.SourceRecord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Whatever frames a record, it is read as if its schema had been known all along, or it is refused; {@code flink-job/fuzz.sh} searches for one
 * of which neither holds.
 */
class ConfluentFramingFuzzTest {

    private static final Schema NOTE =
            AvroBytes.schema("{'type': 'record', 'name': 'Note', 'fields': [{'name': 'body', 'type': 'string'}]}");
    private static final Schema TICKET =
            AvroBytes.schema("{'type': 'record', 'name': 'Ticket', 'fields': [{'name': 'n',"
                    + " 'type': 'int'}, {'name': 'body', 'type': ['null', 'string']}]}");

    private final FieldMapping mapping = Given.mapping("text=body", "metadata=n");
    private final DocumentDecoder confluent =
            new ConfluentAvroDecoder(new SchemasById(ConfluentFramingFuzzTest::everyThirdIsUnknown), mapping);
    private final Map<Schema, DocumentDecoder> bare =
            Map.of(NOTE, new BareAvroDecoder(NOTE, mapping), TICKET, new BareAvroDecoder(TICKET, mapping));

    private static Optional<Schema> everyThirdIsUnknown(int id) {
        return switch (Math.floorMod(id, 3)) {
            case 1 -> Optional.of(NOTE);
            case 2 -> Optional.of(TICKET);
            default -> Optional.empty();
        };
    }

    /**
     * A record as the bytes describe it: the number of its headers (the lowest two bits); for each, a byte that says whether it is the one
     * that names a schema (1), whether it is null (2) and how long it is (the other six bits), and its value; then the record's value.
     */
    private static SourceRecord record(ByteBuffer bytes) {
        List<RecordHeader> headers = new ArrayList<>();
        for (int count = bytes.hasRemaining() ? bytes.get() & 3 : 0; count > 0 && bytes.hasRemaining(); count--) {
            int kind = bytes.get() & 0xFF;
            byte[] value = new byte[Math.min(kind >> 2, bytes.remaining())];
            bytes.get(value);
            headers.add(new RecordHeader(
                    (kind & 1) == 1 ? ConfluentFraming.HEADER : "another", (kind & 2) == 2 ? null : value));
        }
        byte[] value = new byte[bytes.remaining()];
        bytes.get(value);
        return Given.record(value, headers.toArray(RecordHeader[]::new));
    }

    @FuzzTest
    void aRecordIsReadByTheSchemaThatIsNamedOrIsRefused(byte[] bytes) {
        SourceRecord record = record(ByteBuffer.wrap(bytes));
        Decoded decoded = confluent.decode(record);
        byte[] value = record.value() == null ? new byte[0] : record.value();
        List<RecordHeader> naming = record.headers().stream()
                .filter(header -> header.key().equals("__value_schema_id"))
                .toList();
        if (!naming.isEmpty()) {
            check(decoded, naming.get(naming.size() - 1).value(), "00[0-9a-f]{8}|01[0-9a-f]{32}", value);
        } else {
            int begin = Math.min(5, value.length);
            check(
                    decoded,
                    Arrays.copyOf(value, begin),
                    "00[0-9a-f]{8}",
                    Arrays.copyOfRange(value, begin, value.length));
        }
    }

    /**
     * Compares with what a decoder makes of the record alone that has only its schema.
     *
     * @param name bytes that name the schema, if they are written as {@code form} says
     */
    private void check(Decoded decoded, byte @Nullable [] name, String form, byte[] record) {
        String hex = name == null ? "" : HexFormat.of().formatHex(name);
        if (!hex.matches(form)) {
            assertThat(decoded.requireRefusal().reason()).isEqualTo(Reason.NOT_AVRO);
            return;
        }
        int last = Integer.parseUnsignedInt(hex.substring(hex.length() - 8), 16);
        Optional<Schema> schema = everyThirdIsUnknown(last);
        if (schema.isEmpty()) {
            assertThat(decoded.requireRefusal().reason()).isEqualTo(Reason.UNKNOWN_SCHEMA);
            return;
        }
        Decoded alone = Objects.requireNonNull(bare.get(schema.get())).decode(Given.record(record));
        assertThat(decoded.document()).isEqualTo(alone.document());
        assertThat(decoded.refusal() == null ? null : decoded.refusal().reason())
                .isEqualTo(alone.refusal() == null ? null : alone.refusal().reason());
    }
}
