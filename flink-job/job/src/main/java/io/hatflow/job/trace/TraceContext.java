package io.hatflow.job.trace;

import io.hatflow.job.source.RecordHeader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * The trace that a record belongs to, as its headers {@code traceparent} and {@code tracestate} say. They are carried to the event as they
 * are. What is not of W3C's form is not carried, since no tracing system could read it.
 *
 * @param traceparent null if the record has none of W3C's form
 * @param tracestate null if the record has none of W3C's form, or no such {@code traceparent}, without which it means nothing
 */
@SuppressWarnings("ArrayRecordComponent") // Kafka's bytes; never compared
public record TraceContext(byte @Nullable [] traceparent, byte @Nullable [] tracestate) {

    /** Trace id, parent id and flags; ids of zeros are invalid. */
    private static final String IDS = "-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}";

    /** Versions after 00 may have more behind that, ff is invalid. Of how much more W3C says nothing: 512 characters in all are enough. */
    private static final Pattern PARENT =
            Pattern.compile("00" + IDS + "|(?!00|ff)[0-9a-f]{2}" + IDS + "(?:-[!-~]{0,456})?");

    /** Printable characters but the comma: 256 of a key, an equals sign, 256 of a value. */
    private static final String MEMBER = "[\\t -+\\--~]{0,513}";

    private static final Pattern STATE = Pattern.compile(MEMBER + "(?:," + MEMBER + "){0,31}");

    /** Of each name, the first header counts. */
    public static TraceContext of(List<RecordHeader> headers) {
        byte[] parent = first(headers, "traceparent", PARENT);
        return new TraceContext(parent, parent == null ? null : first(headers, "tracestate", STATE));
    }

    private static byte @Nullable [] first(List<RecordHeader> headers, String name, Pattern form) {
        for (RecordHeader header : headers) {
            if (header.key().equals(name)) {
                byte[] value = header.value();
                // Any byte is a character of Latin-1, so that those beyond ASCII do not match.
                boolean matches = value != null
                        && form.matcher(new String(value, StandardCharsets.ISO_8859_1))
                                .matches();
                return matches ? value : null;
            }
        }
        return null;
    }

    /** Adds what there is to the headers of an event's record. */
    public void addTo(Headers headers) {
        if (traceparent != null) {
            headers.add("traceparent", traceparent);
        }
        if (tracestate != null) {
            headers.add("tracestate", tracestate);
        }
    }
}
