package io.hatflow.job.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Values as others write them, by Avro's own encoder. */
public final class AvroBytes {

    private AvroBytes() {}

    public static Schema schema(String json) {
        return new Schema.Parser().parse(json.replace('\'', '"'));
    }

    public static GenericData.Record record(Schema schema, Map<String, ?> fields) {
        GenericData.Record record = new GenericData.Record(schema);
        fields.forEach(record::put);
        return record;
    }

    static byte[] encoded(Schema schema, Object value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
        try {
            new GenericDatumWriter<>(schema).write(value, encoder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    public static byte[] encoded(Schema schema, Map<String, ?> fields) {
        return encoded(schema, record(schema, fields));
    }

    /** After Confluent's zero byte and id. */
    public static byte[] afterId(int id, byte[] value) {
        return ByteBuffer.allocate(5 + value.length)
                .put((byte) 0)
                .putInt(id)
                .put(value)
                .array();
    }

    /** What Confluent's serializers put into the header. */
    static byte[] header(UUID guid) {
        return ByteBuffer.allocate(17)
                .put((byte) 1)
                .putLong(guid.getMostSignificantBits())
                .putLong(guid.getLeastSignificantBits())
                .array();
    }
}
