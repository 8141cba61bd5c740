package io.hatflow.job.format;

import java.io.Serializable;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which fields of a record make the document.
 *
 * @param text whose texts, joined, are the document's; arrays of texts are joined, too
 * @param separator stands between texts that are joined
 * @param segments an array of texts that stay apart, in place of the text
 * @param timeUnit of times that are numbers and do not say it
 * @param priority whose value {@link Decoded#URGENT} lets the record overtake
 * @param metadata carried through under their paths
 */
public record FieldMapping(
        List<FieldPath> text,
        String separator,
        @Nullable FieldPath segments,
        IdSource id,
        @Nullable FieldPath title,
        @Nullable FieldPath time,
        EpochUnit timeUnit,
        @Nullable FieldPath priority,
        List<FieldPath> metadata)
        implements Serializable {

    /** What joins texts unless told otherwise: a blank line. */
    static final String BLANK_LINE = "\n\n";

    /** Of JSON lines: {@code id}, {@code text} or {@code segments}, {@code title}. */
    static final FieldMapping LINES = new FieldMapping(
            List.of(FieldPath.parse("text")),
            BLANK_LINE,
            FieldPath.parse("segments"),
            IdSource.parse("id"),
            FieldPath.parse("title"),
            null,
            EpochUnit.MILLISECONDS,
            null,
            List.of());

    public FieldMapping {
        text = List.copyOf(text);
        metadata = List.copyOf(metadata);
    }

    /** Every path, once. */
    Set<FieldPath> paths() {
        Set<FieldPath> paths = new LinkedHashSet<>(text);
        Stream.of(segments, id.field(), title, time, priority)
                .filter(Objects::nonNull)
                .forEach(paths::add);
        paths.addAll(metadata);
        return paths;
    }
}
