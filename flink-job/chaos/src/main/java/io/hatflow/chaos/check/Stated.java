package io.hatflow.chaos.check;

import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/**
 * What a document says beside its text, which its event must repeat.
 *
 * @param time milliseconds since 1970
 */
record Stated(String id, @Nullable String title, @Nullable Long time, Map<String, String> metadata) {

    /** A document with an id and a text alone. */
    static Stated only(String id) {
        return new Stated(id, null, null, Map.of());
    }

    boolean isIn(GenericRecord labelled) {
        Map<String, String> found = ((Map<?, ?>) labelled.get("metadata"))
                .entrySet().stream()
                        .collect(Collectors.toMap(each -> each.getKey().toString(), each -> each.getValue()
                                .toString()));
        Object foundTitle = labelled.get("title");
        return labelled.get("document_id").toString().equals(id)
                && Objects.equals(foundTitle == null ? null : foundTitle.toString(), title)
                && Objects.equals(labelled.get("event_time"), time)
                && found.equals(metadata);
    }
}
