package io.hatflow.job.sink;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.apache.avro.message.BinaryMessageEncoder;
import org.jspecify.annotations.Nullable;

/** Bytes as Kafka takes them. */
final class EventBytes {

    private EventBytes() {}

    /** The event in Avro single-object encoding. */
    static <T> byte[] encoded(BinaryMessageEncoder<T> encoder, T event) {
        try {
            return of(encoder.encode(event));
        } catch (IOException e) {
            throw new UncheckedIOException("An event in memory could not be encoded; this is a bug", e);
        }
    }

    static byte @Nullable [] ofNullable(@Nullable ByteBuffer buffer) {
        return buffer == null ? null : of(buffer);
    }

    private static byte[] of(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        // A duplicate, because reading moves a buffer's position and the event may be written again.
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
