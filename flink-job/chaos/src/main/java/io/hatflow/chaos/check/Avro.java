package io.hatflow.chaos.check;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** Avro's binary encoding, and the schemas as they are published. */
final class Avro {

    static final Schema DOCUMENT = published("Document");
    static final Schema LABELLED = published("LabelledDocument");
    static final Schema DEAD_LETTER = published("DeadLetter");

    private Avro() {}

    private static Schema published(String name) {
        try (InputStream file = Avro.class.getResourceAsStream("/io/hatflow/schemas/" + name + ".avsc")) {
            return new Schema.Parser().parse(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A record behind what names its schema. */
    static byte[] encoded(byte[] header, GenericRecord record) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(header);
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
        try {
            new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /**
     * The record behind so many bytes.
     *
     * @throws IllegalArgumentException if bytes follow it
     */
    static GenericRecord decoded(Schema writer, byte[] value, int offset) {
        BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(value, offset, value.length - offset, null);
        try {
            GenericRecord record =
                    new GenericDatumReader<GenericRecord>(writer, writer, GenericData.get()).read(null, decoder);
            if (!decoder.isEnd()) {
                throw new IllegalArgumentException("Bytes follow an event by " + writer.getFullName());
            }
            return record;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
