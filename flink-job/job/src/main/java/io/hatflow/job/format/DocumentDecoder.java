package io.hatflow.job.format;

import io.hatflow.job.source.SourceRecord;

/** Decides whether a record is a document. Whether its text can be classified is not decided here. */
@FunctionalInterface
public interface DocumentDecoder {

    /**
     * Never throws for what the record holds.
     *
     * @throws io.hatflow.job.registry.RegistryException if the schema of the record has to be asked for and nobody answers
     */
    Decoded decode(SourceRecord record);
}
