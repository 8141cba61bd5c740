package io.hatflow.job.format;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * Where the id of a document comes from.
 *
 * @param field null where it is no field
 */
public record IdSource(Kind kind, @Nullable FieldPath field) implements Serializable {

    /** What there is besides fields. */
    public enum Kind {
        /** A field of the record. */
        FIELD,
        /** The record's key, as text. */
        KEY,
        /** Topic, partition and offset. */
        POSITION,
        /** The key where it is text, elsewhere the position. */
        KEY_OR_POSITION
    }

    /** Reads what a person wrote: nothing, {@code key}, {@code position}, or a path, of which {@code \key} is one, too. */
    static IdSource parse(String text) {
        return switch (text) {
            case "" -> new IdSource(Kind.KEY_OR_POSITION, null);
            case "key" -> new IdSource(Kind.KEY, null);
            case "position" -> new IdSource(Kind.POSITION, null);
            default -> new IdSource(Kind.FIELD, FieldPath.parse(text));
        };
    }
}
