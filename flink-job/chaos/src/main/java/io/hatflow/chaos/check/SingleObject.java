package io.hatflow.chaos.check;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;

/** Documents and events in Avro's single-object encoding, by the schema files alone. */
public final class SingleObject implements Wire {

    private static final int HEADER_BYTES = 10;
    private static final short MAGIC = (short) 0xC301;

    @Override
    public byte[] document(Which which, String id, String text) {
        return encoded(new GenericRecordBuilder(Avro.DOCUMENT)
                .set("id", id)
                .set("text", text)
                .build());
    }

    static byte[] encoded(GenericRecord record) {
        return Avro.encoded(header(record.getSchema()), record);
    }

    private static byte[] header(Schema schema) {
        return ByteBuffer.allocate(HEADER_BYTES)
                .putShort(MAGIC)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(SchemaNormalization.parsingFingerprint64(schema))
                .array();
    }

    @Override
    public Optional<byte[]> withoutText(String id) {
        return Optional.empty();
    }

    @Override
    public Stated stated(Which which, String id) {
        return Stated.only(id);
    }

    @Override
    public GenericRecord event(Schema type, byte[] value) {
        if (value.length < HEADER_BYTES || !Arrays.equals(Arrays.copyOf(value, HEADER_BYTES), header(type))) {
            throw new IllegalArgumentException("An event was written by another schema than " + type.getFullName());
        }
        return Avro.decoded(type, value, HEADER_BYTES);
    }
}
