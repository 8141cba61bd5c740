package io.hatflow.job.format;

import org.jspecify.annotations.Nullable;

/** Decides whether the value of a record is a document. Whether its text can be classified is not decided here. */
@FunctionalInterface
public interface DocumentDecoder {

    /** Never throws for what the value holds. */
    Decoded decode(byte @Nullable [] value);
}
