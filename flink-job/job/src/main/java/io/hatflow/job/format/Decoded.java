package io.hatflow.job.format;

import io.hatflow.events.Document;
import io.hatflow.events.Reason;
import org.jspecify.annotations.Nullable;

/**
 * A document, or why a record is none; one of them is null.
 *
 * @param urgent whether the record says that it may overtake others
 */
public record Decoded(@Nullable Document document, @Nullable Refusal refusal, boolean urgent) {

    /** What a header or a field holds that lets its record overtake. */
    public static final String URGENT = "high";

    static Decoded of(Document document) {
        return new Decoded(document, null, false);
    }

    static Decoded refused(Reason reason, String message) {
        return refused(reason, message, null);
    }

    static Decoded refused(Reason reason, String message, @Nullable String documentId) {
        return new Decoded(null, new Refusal(reason, message, documentId), false);
    }

    /** Why there is no document. */
    public Refusal requireRefusal() {
        if (refusal == null) {
            throw new IllegalStateException("A value is neither a document nor refused; this is a bug");
        }
        return refusal;
    }
}
