package io.hatflow.job.format;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a record holds in a field that is there and not null.
 *
 * @param kind what it is, for messages, such as {@code a number}
 * @param text of a scalar; null of anything else
 * @param texts of an array of texts; null of anything else
 */
record FieldValue(
        String kind, @Nullable String text, @Nullable List<String> texts) {

    /** Texts of a field beyond which memory would go to their number instead of what they hold. */
    static final int MOST_TEXTS = 1_000_000;

    private static final String TEXT = "a text";

    static FieldValue text(String text) {
        return new FieldValue(TEXT, text, null);
    }

    static FieldValue texts(List<String> texts) {
        return new FieldValue("an array of texts", null, texts);
    }

    /** A number or the like, as text. */
    static FieldValue scalar(String kind, String text) {
        return new FieldValue(kind, text, null);
    }

    /** What no setting can use. */
    static FieldValue unusable(String kind) {
        return new FieldValue(kind, null, null);
    }

    boolean isText() {
        return kind.equals(TEXT);
    }
}
