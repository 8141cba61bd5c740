package io.hatflow.job.registry;

/** How Confluent's serializers name the schema of a value: by its id before the value, or in a header of the record. */
public final class ConfluentFraming {

    /** What a value begins with, followed by the id in four bytes, big-endian. */
    public static final byte MAGIC = 0;

    /** Bytes before the value. */
    public static final int BYTES = 1 + Integer.BYTES;

    /** The header that names the schema of the value; where it is there, nothing stands before the value. */
    public static final String HEADER = "__value_schema_id";

    private ConfluentFraming() {}
}
