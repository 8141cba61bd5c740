package io.hatflow.job.sink;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Bytes as Kafka takes them. */
final class EventBytes {

    private EventBytes() {}

    static byte @Nullable [] ofNullable(@Nullable ByteBuffer buffer) {
        return buffer == null ? null : of(buffer);
    }

    static byte[] of(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        // A duplicate, because reading moves a buffer's position and the event may be written again.
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
