package io.hatflow.chaos.check;

import org.apache.avro.Schema;

/** Where schemas have numbers. Thread-safe. */
public interface SchemaRegistry {

    /** Registers the next version of what stands under a subject. */
    int register(String subject, Schema schema);

    /** The schema of an id. */
    Schema byId(int id);
}
