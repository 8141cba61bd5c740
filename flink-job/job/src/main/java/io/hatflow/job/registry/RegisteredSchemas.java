package io.hatflow.job.registry;

import java.util.Optional;
import java.util.UUID;
import org.apache.avro.Schema;

/**
 * The Avro schemas that a registry knows. Thread-safe. Every method may wait for the registry.
 *
 * <p>Empty means that the registry has answered, and knows no schema, or only one that is not Avro. An {@link UnreadableSchemaException} means that it has
 * answered with one that Avro cannot read. In both cases the record is at fault. A {@link RegistryException} means that it has not answered, or
 * not as a registry does: the machine is.
 */
public interface RegisteredSchemas {

    /** The schema with an id, with what it refers to. */
    Optional<Schema> byId(int id);

    /** The schema with a globally unique id, with what it refers to. */
    Optional<Schema> byGuid(UUID guid);

    /** The newest schema of a subject, with what it refers to. */
    Optional<Schema> latest(String subject);
}
