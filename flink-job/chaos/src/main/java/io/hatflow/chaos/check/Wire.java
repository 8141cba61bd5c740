package io.hatflow.chaos.check;

import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;

/** How documents are written in records, and events read from theirs. Thread-safe. */
public interface Wire {

    /** The value of a record that the job must be able to read; the text is the last that is long in it. */
    byte[] document(Which which, String id, String text);

    /** One by a schema that has no text; empty where all records have one schema. */
    Optional<byte[]> withoutText(String id);

    /** What the event of that document must repeat. */
    Stated stated(Which which, String id);

    /**
     * Reads an event.
     *
     * @param type schema as published, by which it must have been written
     * @throws IllegalArgumentException if it was not, or bytes follow it
     */
    GenericRecord event(Schema type, byte[] value);
}
