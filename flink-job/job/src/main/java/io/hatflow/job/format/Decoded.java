package io.hatflow.job.format;

import io.hatflow.events.Document;
import org.jspecify.annotations.Nullable;

/** A document, or why the value of a record is none; one of them is null. */
public record Decoded(@Nullable Document document, @Nullable Refusal refusal) {

    /** Why there is no document. */
    public Refusal requireRefusal() {
        if (refusal == null) {
            throw new IllegalStateException("A value is neither a document nor refused; this is a bug");
        }
        return refusal;
    }
}
