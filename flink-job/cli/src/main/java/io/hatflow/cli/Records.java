package io.hatflow.cli;

import java.io.IOException;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.message.MessageDecoder;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** What the commands find in topics of events, and what they say where it is something else. */
final class Records {

    private Records() {}

    /** @throws IllegalArgumentException if the record holds something else */
    static <T> T decoded(ConsumerRecord<byte[], byte[]> record, MessageDecoder<T> decoder, String expected) {
        try {
            if (record.value() != null) {
                return decoder.decode(record.value());
            }
        } catch (IOException | AvroRuntimeException e) {
            throw unlike(record, expected, e);
        }
        throw unlike(record, expected, null);
    }

    private static IllegalArgumentException unlike(
            ConsumerRecord<?, ?> record, String expected, @Nullable Exception cause) {
        return new IllegalArgumentException(
                "The record at " + record.topic() + "-" + record.partition() + "@" + record.offset()
                        + " is not what was expected: " + expected + ".",
                cause);
    }

    static IllegalArgumentException noTopic(String option, String topic) {
        return new IllegalArgumentException(
                "There is no topic " + topic + "; make it, or give another with " + option + ".");
    }
}
