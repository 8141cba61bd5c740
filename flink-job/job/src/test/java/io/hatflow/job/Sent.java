package io.hatflow.job;

import io.hatflow.events.Document;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/** A record that a test sends to the job. */
@SuppressWarnings("ArrayRecordComponent") // Kafka's bytes; never compared as records
public record Sent(int partition, @Nullable String key, byte @Nullable [] value, List<Header> headers) {

    /** One with a key that comes twice, and with a trace that follows from what it holds. */
    public Sent(int partition, @Nullable String key, byte @Nullable [] value) {
        this(
                partition,
                key,
                value,
                List.of(
                        new RecordHeader("trace", new byte[] {1, 2}),
                        new RecordHeader("trace", null),
                        header("traceparent", traceparent(31L * Objects.hashCode(key) + Arrays.hashCode(value))),
                        header("tracestate", "vendor=" + Arrays.hashCode(value))));
    }

    static Header header(String name, String text) {
        return new RecordHeader(name, text.getBytes(StandardCharsets.UTF_8));
    }

    /** As W3C writes one. */
    static String traceparent(long number) {
        long id = number | 1; // zero is none
        return String.format("00-%032x-%016x-01", id, id);
    }

    /** The trace headers among some, in their order. */
    static List<String> trace(Iterable<Header> headers) {
        List<String> trace = new ArrayList<>();
        for (Header header : headers) {
            if (header.key().equals("traceparent") || header.key().equals("tracestate")) {
                trace.add(header.key() + ": " + new String(header.value(), StandardCharsets.ISO_8859_1));
            }
        }
        return trace;
    }

    /** As a dead letter holds them. */
    List<io.hatflow.events.Header> headersInDeadLetter() {
        return headers.stream()
                .map(each -> new io.hatflow.events.Header(
                        each.key(), each.value() == null ? null : ByteBuffer.wrap(each.value())))
                .toList();
    }

    /** Documents of one sentence to some pages, spread over the partitions, under some keys for each of them. */
    static List<Sent> documents(int from, int count, int partitions) {
        List<Sent> documents = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            int partition = i % partitions;
            documents.add(new Sent(partition, "key-" + partition + "-" + i % 5, encoded("d" + i, text(i))));
        }
        return documents;
    }

    static String text(int number) {
        return "Clause " + number + ". "
                + "The parties agree to pay within thirty days of notice. ".repeat(1 + number % 7);
    }

    /** The document in single-object encoding, by the current schema. */
    public static byte[] encoded(String id, String text) {
        try {
            ByteBuffer buffer =
                    Document.newBuilder().setId(id).setText(text).build().toByteBuffer();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The document in single-object encoding, by a schema that has id and text only. */
    static byte[] encoded(Schema schema, String id, String text) {
        GenericData.Record document = new GenericData.Record(schema);
        document.put("id", id);
        document.put("text", text);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(ByteBuffer.allocate(10)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0xC3)
                .put((byte) 1)
                .putLong(SchemaNormalization.parsingFingerprint64(schema))
                .array());
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
        try {
            new GenericDatumWriter<GenericData.Record>(schema).write(document, encoder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    byte @Nullable [] keyBytes() {
        return key == null ? null : key.getBytes(StandardCharsets.UTF_8);
    }
}
