package io.hatflow.cli;

import io.hatflow.job.sink.EventDecoder;
import java.io.IOException;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** What the commands find in topics of events, and what they say where it is something else. */
final class Records {

    private Records() {}

    /** @throws IllegalArgumentException if the record holds something else */
    static <T extends SpecificRecordBase> T decoded(
            ConsumerRecord<byte[], byte[]> record, EventDecoder<T> decoder, String expected) {
        try {
            if (record.value() != null) {
                return decoder.decode(record.value());
            }
        } catch (IOException e) {
            throw unlike(record, expected, e);
        }
        throw unlike(record, expected, null);
    }

    private static IllegalArgumentException unlike(
            ConsumerRecord<?, ?> record, String expected, @Nullable Exception cause) {
        return new IllegalArgumentException(
                "The record at " + record.topic() + "-" + record.partition() + "@" + record.offset()
                        + " is not what was expected: " + expected + reason(cause) + ".",
                cause);
    }

    /** A command without the registry's address has to be told of it; what else is wrong with the bytes helps nobody. */
    private static String reason(@Nullable Exception cause) {
        return cause instanceof EventDecoder.NoRegistry ? "; its schema is in a registry, give --registry-url" : "";
    }

    static IllegalArgumentException noTopic(String option, String topic) {
        return new IllegalArgumentException(
                "There is no topic " + topic + "; make it, or give another with " + option + ".");
    }
}
