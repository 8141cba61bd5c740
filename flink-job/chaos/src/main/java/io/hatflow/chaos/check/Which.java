package io.hatflow.chaos.check;

import java.nio.ByteBuffer;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * Which record it is; all of it stands in the record's headers, as only the rest of a record follows from the seed.
 *
 * @param number from 0
 * @param killer whether it crashes the process in which the model sees it
 * @param version of the schema that it is written with, from 0; 0 where all have the same
 */
record Which(int number, boolean killer, int version) {

    static final String NUMBER = "number";
    private static final String KILLER = "killer";
    private static final String VERSION = "version";

    /** @throws IllegalArgumentException if a header that every record has is missing */
    static Which of(Headers headers) {
        return new Which(number(headers, NUMBER), headers.lastHeader(KILLER) != null, number(headers, VERSION));
    }

    private static int number(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        if (header == null) {
            throw new IllegalArgumentException(
                    "A record has no header " + name + "; only this test may write to the topic");
        }
        return ByteBuffer.wrap(header.value()).getInt();
    }

    void addTo(Headers headers) {
        headers.add(NUMBER, ByteBuffer.allocate(4).putInt(number).array());
        headers.add(VERSION, ByteBuffer.allocate(4).putInt(version).array());
        if (killer) {
            headers.add(KILLER, null);
        }
    }
}
