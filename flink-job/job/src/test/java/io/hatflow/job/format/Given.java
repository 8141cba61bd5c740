package io.hatflow.job.format;

import io.hatflow.job.source.RecordHeader;
import io.hatflow.job.source.SourceRecord;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Records of the topic {@code t}, partition 3, offset 17. */
final class Given {

    private Given() {}

    static SourceRecord record(byte @Nullable [] value, RecordHeader... headers) {
        return keyed(null, value, headers);
    }

    static SourceRecord record(String value) {
        return keyed(null, value.getBytes(StandardCharsets.UTF_8));
    }

    static SourceRecord keyed(byte @Nullable [] key, byte @Nullable [] value, RecordHeader... headers) {
        return new SourceRecord("t", 3, 17, 0, key, List.of(headers), value);
    }

    static SourceRecord keyed(String key, String value) {
        return keyed(key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8));
    }

    /** The settings' own reading of flags such as {@code text=payload.body}, by a format that has fields. */
    static FieldMapping mapping(String... settings) {
        return Settings.of("json", settings).mapping();
    }
}
