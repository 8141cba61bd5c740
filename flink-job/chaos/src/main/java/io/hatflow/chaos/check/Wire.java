package io.hatflow.chaos.check;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** Avro's single-object encoding by the schema files alone. Thread-safe. */
public final class Wire {

    private static final int HEADER_BYTES = 10;
    private static final Schema DOCUMENT = schema("Document");
    static final Schema LABELLED = schema("LabelledDocument");
    static final Schema DEAD_LETTER = schema("DeadLetter");

    private Wire() {}

    private static Schema schema(String name) {
        try (InputStream file = Wire.class.getResourceAsStream("/io/hatflow/schemas/" + name + ".avsc")) {
            return new Schema.Parser().parse(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A document as it goes over the wire. */
    static byte[] document(String id, String text) {
        GenericRecord document = new GenericRecordBuilder(DOCUMENT)
                .set("id", id)
                .set("text", text)
                .build();
        return encoded(document);
    }

    /** As it goes over the wire. */
    static byte[] encoded(GenericRecord event) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(ByteBuffer.allocate(HEADER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0xC3)
                .put((byte) 1)
                .putLong(SchemaNormalization.parsingFingerprint64(event.getSchema()))
                .array());
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
        try {
            new GenericDatumWriter<GenericRecord>(event.getSchema()).write(event, encoder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static GenericRecord labelled(byte[] value) {
        return read(LABELLED, value);
    }

    static GenericRecord deadLetter(byte[] value) {
        return read(DEAD_LETTER, value);
    }

    private static GenericRecord read(Schema schema, byte[] value) {
        long fingerprint =
                ByteBuffer.wrap(value, 2, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (fingerprint != SchemaNormalization.parsingFingerprint64(schema)) {
            throw new IllegalArgumentException("An event was written by another schema than " + schema.getFullName());
        }
        try {
            return new GenericDatumReader<GenericRecord>(schema, schema, GenericData.get())
                    .read(
                            null,
                            DecoderFactory.get().binaryDecoder(value, HEADER_BYTES, value.length - HEADER_BYTES, null));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
