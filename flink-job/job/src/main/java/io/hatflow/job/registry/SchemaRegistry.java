package io.hatflow.job.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.job.registry.RegistryConnection.Answer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A schema registry behind Confluent's REST API. What an id stands for never changes, so each is asked for once; an id that is not known,
 * or whose schema cannot be read, is asked for again after a while. Thread-safe.
 */
public final class SchemaRegistry implements RegisteredSchemas {

    private static final Logger LOG = LoggerFactory.getLogger(SchemaRegistry.class);

    /** Beyond, the oldest is forgotten: a topic of something else holds a new number in every record. */
    private static final int MAX_UNKNOWN = 10_000;

    /** Beyond, the one that was needed longest ago is forgotten; a topic has a few. */
    private static final int MAX_KNOWN = 1_000;

    private final RegistryConnection connection;
    private final Patience patience;

    @SuppressWarnings("serial") // never serialized
    private final Map<Object, Optional<Schema>> known =
            Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Object, Optional<Schema>> eldest) {
                    return size() > MAX_KNOWN;
                }
            });

    /** Ids that stand for no schema at the moment. Guarded by itself. */
    @SuppressWarnings("serial") // never serialized
    private final Map<Object, Without> unknown = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Object, Without> eldest) {
            return size() > MAX_UNKNOWN;
        }
    };

    /**
     * That an id stands for no schema.
     *
     * @param since when it was said, by {@link System#nanoTime}
     * @param flaw why the schema that it stands for cannot be read; null where it stands for none
     */
    private record Without(long since, @Nullable String flaw) {
        Optional<Schema> schema() {
            if (flaw != null) {
                throw new UnreadableSchemaException(flaw);
            }
            return Optional.empty();
        }
    }

    /**
     * Nothing is asked yet; references to secrets are read here and with each request.
     *
     * @throws RegistryException if no client can be made of the settings
     */
    public SchemaRegistry(RegistrySettings settings) {
        this(settings, Patience.OF_A_TASK);
    }

    /** As {@link #SchemaRegistry(RegistrySettings)}, but where a person waits. */
    public static SchemaRegistry interactive(RegistrySettings settings) {
        return new SchemaRegistry(settings, Patience.OF_A_PERSON);
    }

    SchemaRegistry(RegistrySettings settings, Patience patience) {
        this.connection = new RegistryConnection(settings, patience);
        this.patience = patience;
    }

    @Override
    public Optional<Schema> byId(int id) {
        // Registries count upwards from 0 or 1, and not all of them know what to say of another number.
        return id < 0 ? Optional.empty() : remembered(id, "/schemas/ids/" + id);
    }

    @Override
    public Optional<Schema> byGuid(UUID guid) {
        return remembered(guid, "/schemas/guids/" + guid);
    }

    private Optional<Schema> remembered(Object id, String path) {
        Optional<Schema> schema = known.get(id);
        if (schema != null) {
            return schema;
        }
        Without without = without(id);
        if (without != null) {
            return without.schema();
        }
        Answer answer = connection.get(path);
        if (answer.isUnknown() || (id instanceof UUID && isNoPathHere(answer))) {
            return remember(id, null).schema();
        }
        requireOk(answer);
        try {
            Optional<Schema> read = new SchemaReader(connection).read(answer);
            known.put(id, read);
            return read;
        } catch (UnreadableSchemaException e) {
            return remember(id, e.sentence()).schema();
        }
    }

    private Without remember(Object id, @Nullable String flaw) {
        Without without = new Without(System.nanoTime(), flaw);
        synchronized (unknown) {
            unknown.remove(id);
            unknown.put(id, without);
        }
        return without;
    }

    /** Null where it is not known, or no longer believed, that an id stands for nothing. */
    private @Nullable Without without(Object id) {
        synchronized (unknown) {
            Without without = unknown.get(id);
            return without != null
                            && System.nanoTime() - without.since()
                                    < patience.unknownFor().toNanos()
                    ? without
                    : null;
        }
    }

    /** Older registries have no GUIDs, and then it is the record that is wrong; but whatever answers 404 has to be a registry. */
    private boolean isNoPathHere(Answer answer) {
        return answer.status() == 404 && connection.get("/schemas/types").json().isArray();
    }

    @Override
    public Optional<Schema> latest(String subject) {
        Answer answer = connection.get("/subjects/" + SchemaReader.encoded(subject) + "/versions/latest");
        if (answer.isUnknown()) {
            return Optional.empty();
        }
        requireOk(answer);
        return new SchemaReader(connection).read(answer);
    }

    /**
     * The id that a schema has under a subject.
     *
     * @return empty where the subject does not hold it
     * @throws RegistryException if the registry does not answer as it should
     */
    public OptionalInt lookUp(String subject, Schema schema) {
        Answer answer = connection.post("/subjects/" + SchemaReader.encoded(subject), request(schema));
        if (answer.isUnknown()) {
            return OptionalInt.empty();
        }
        requireOk(answer);
        return OptionalInt.of(id(answer));
    }

    /**
     * Why the registry, by the rule that it has for the subject, would not take a schema as its next version.
     *
     * @return empty where it would
     * @throws RegistryException if the registry does not answer as it should
     */
    public Optional<String> incompatibility(String subject, Schema schema) {
        Answer answer = connection.post(
                "/compatibility/subjects/" + SchemaReader.encoded(subject) + "/versions/latest?verbose=true",
                request(schema));
        if (answer.isUnknown()) {
            return Optional.empty(); // nothing is there to be compatible with
        }
        requireOk(answer);
        JsonNode compatible = answer.json().path("is_compatible");
        if (!compatible.isBoolean()) {
            throw RegistryConnection.nonsense(answer.question(), "JSON without \"is_compatible\"");
        }
        return compatible.booleanValue() ? Optional.empty() : Optional.of(reasons(answer.json()));
    }

    private static String reasons(JsonNode answer) {
        String reasons = StreamSupport.stream(answer.path("messages").spliterator(), false)
                .limit(3)
                .map(message -> message.asText("").replaceAll("\\s+", " "))
                .map(message -> message.length() <= 200 ? message : message.substring(0, 200) + "…")
                .collect(Collectors.joining("; "));
        return reasons.isEmpty() ? "it does not say why" : reasons;
    }

    /**
     * Registers a schema under a subject; one that is there already keeps its id.
     *
     * @throws RegistryException if the registry does not answer as it should, or refuses the schema; then the job is not restarted
     */
    public int register(String subject, Schema schema) {
        Answer answer = connection.post("/subjects/" + SchemaReader.encoded(subject) + "/versions", request(schema));
        if (answer.status() == 409 || answer.status() == 422) {
            throw RegistryConnection.refusal(refused(subject, schema, answer.said()), null);
        }
        requireOk(answer);
        return id(answer);
    }

    /**
     * The id under which a schema is written.
     *
     * @param register whether it is registered where the subject does not hold it
     * @throws RegistryException if the registry does not answer as it should; or if the subject does not hold the schema, and may not or
     *     cannot be given it: then the job is not restarted
     */
    public int idToWrite(String subject, Schema schema, boolean register) {
        OptionalInt there = lookUp(subject, schema);
        if (there.isPresent()) {
            return there.getAsInt();
        }
        obstacle(subject, schema, register).ifPresent(sentence -> {
            throw RegistryConnection.refusal(sentence, null);
        });
        int id = register(subject, schema);
        LOG.info("The schema of {} is registered under the subject {}, with id {}", schema.getFullName(), subject, id);
        return id;
    }

    /**
     * Why {@link #idToWrite} would refuse a schema. Registers nothing.
     *
     * @return a sentence without its end; empty where it would not
     * @throws RegistryException if the registry does not answer as it should
     */
    public Optional<String> whyNotWritten(String subject, Schema schema, boolean register) {
        return lookUp(subject, schema).isPresent() ? Optional.empty() : obstacle(subject, schema, register);
    }

    /** What keeps a schema that the subject does not hold from being written there. */
    private Optional<String> obstacle(String subject, Schema schema, boolean register) {
        if (!register) {
            return Optional.of("The subject " + subject + " of the schema registry does not hold the schema of "
                    + schema.getFullName()
                    + " that this release writes, and events.register-schemas is false. Expected it to"
                    + " be there; register schemas/src/main/avro/" + schema.getName()
                    + ".avsc of this release under that subject, or set events.register-schemas: true");
        }
        return incompatibility(subject, schema).map(reasons -> refused(subject, schema, reasons));
    }

    private static String refused(String subject, Schema schema, String reasons) {
        return "The schema registry refuses the schema of " + schema.getFullName() + " for the subject " + subject
                + " ("
                + reasons
                + "). Expected a subject whose earlier versions it goes with; give another topic or another"
                + " registry.subject-name-strategy, or delete what the subject holds";
    }

    private static ObjectNode request(Schema schema) {
        return JsonNodeFactory.instance.objectNode().put("schema", schema.toString());
    }

    private static int id(Answer answer) {
        JsonNode id = answer.json().path("id");
        if (!id.isInt()) {
            throw RegistryConnection.nonsense(answer.question(), "JSON without a number \"id\"");
        }
        return id.intValue();
    }

    private static void requireOk(Answer answer) {
        if (!answer.isOk()) {
            throw RegistryConnection.nonsense(answer.question(), answer.said());
        }
        if (!answer.json().isObject()) {
            throw RegistryConnection.nonsense(answer.question(), "JSON that is no object");
        }
    }
}
