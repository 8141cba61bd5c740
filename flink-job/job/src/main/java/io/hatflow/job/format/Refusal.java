package io.hatflow.job.format;

import io.hatflow.events.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Why the value of a record is no document.
 *
 * @param message a sentence for a person; never holds text of the document
 * @param documentId where the value could be decoded that far
 */
public record Refusal(
        Reason reason, String message, @Nullable String documentId) {}
