package io.hatflow.chaos.check;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;

/**
 * Documents in records of a user's own, and events, as Confluent's serializers write them: a zero byte, the id of the schema in a registry,
 * Avro. The schema of the records evolves while they are written.
 */
public final class ConfluentAvro implements Wire {

    private static final byte MAGIC = 0;
    private static final int HEADER_BYTES = 5;

    private record Version(int id, Schema schema) {}

    private final SchemaRegistry registry;
    private final String subject;
    private final List<Version> versions = new CopyOnWriteArrayList<>();
    private final int idOfReceipts;
    private final Map<Integer, Schema> ofEvents = new ConcurrentHashMap<>();

    /** Registers the first version, and another record that the job cannot use. */
    public ConfluentAvro(SchemaRegistry registry, String inputTopic) {
        this.registry = registry;
        this.subject = inputTopic + "-value";
        this.idOfReceipts = registry.register("receipts-value", Filings.receipts());
        int unused = evolve();
    }

    /** What a job must be told of the records. */
    public static Map<String, String> mapping() {
        return Filings.MAPPING;
    }

    /**
     * Registers the next version of the schema.
     *
     * @return its number, by which records can be written from now on
     */
    public int evolve() {
        Schema schema = Filings.schema(versions.size());
        versions.add(new Version(registry.register(subject, schema), schema));
        return versions.size() - 1;
    }

    /** How many versions there are. */
    public int versions() {
        return versions.size();
    }

    @Override
    public byte[] document(Which which, String id, String text) {
        Version version = versions.get(which.version());
        return Avro.encoded(header(version.id()), Filings.filing(version.schema(), which, id, text));
    }

    static byte[] header(int id) {
        return ByteBuffer.allocate(HEADER_BYTES).put(MAGIC).putInt(id).array();
    }

    @Override
    public Optional<byte[]> withoutText(String id) {
        return Optional.of(Avro.encoded(header(idOfReceipts), Filings.receipt(id)));
    }

    @Override
    public Stated stated(Which which, String id) {
        return Filings.stated(which, id);
    }

    @Override
    public GenericRecord event(Schema type, byte[] value) {
        if (value.length < HEADER_BYTES || value[0] != MAGIC) {
            throw new IllegalArgumentException("An event does not begin with the id of its schema");
        }
        int id = ByteBuffer.wrap(value, 1, Integer.BYTES).getInt();
        Schema writer = ofEvents.computeIfAbsent(id, registry::byId);
        if (!writer.equals(type)) {
            throw new IllegalArgumentException("An event was written by the schema " + id + ", which is that of "
                    + writer.getFullName() + " and not the one published of " + type.getFullName());
        }
        return Avro.decoded(writer, value, HEADER_BYTES);
    }
}
