package io.hatflow.job.format;

import java.io.Serializable;
import java.nio.file.Path;

/** How documents are written in the values of records. Travels from where the job is submitted to its tasks. */
@FunctionalInterface
public interface DocumentFormat extends Serializable {

    /** For one task; not thread-safe. */
    DocumentDecoder decoder();

    /** Avro's single-object encoding, in the current schema. */
    static DocumentFormat avro() {
        return () -> new AvroDocumentDecoder(WriterSchemas.withFolder(null));
    }

    /**
     * Avro's single-object encoding, in the current schema or in an older one.
     *
     * @param writerSchemas folder of older schemas; empty if there is none
     * @throws IllegalArgumentException if the writers' schemas cannot be used, with all problems
     */
    static DocumentFormat avro(String writerSchemas) {
        WriterSchemas schemas = WriterSchemas.withFolder(writerSchemas.isEmpty() ? null : Path.of(writerSchemas));
        return () -> new AvroDocumentDecoder(schemas);
    }
}
