package io.hatflow.job.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.hatflow.job.registry.RegistryConnection.Answer;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.avro.Schema;

/** Makes an Avro schema of a registry's answer and of what that refers to. For one schema; not thread-safe. */
final class SchemaReader {

    /** More is a loop without end: a registry that makes a new version up for each question. */
    private static final int MAX_REFERENCES = 500;

    private final RegistryConnection connection;
    // Registries hold schemas with defaults that are none; their values are never needed to read by the writer's
    // schema. They also hold names that Avro's specification does not allow, and that other languages do.
    private final Schema.Parser parser =
            new Schema.Parser().setValidateDefaults(false).setValidate(false);
    private final Set<String> resolved = new HashSet<>();

    SchemaReader(RegistryConnection connection) {
        this.connection = connection;
    }

    /** A subject as part of a path. */
    static String encoded(String subject) {
        return URLEncoder.encode(subject, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /**
     * The schema.
     *
     * @return empty where it is no Avro
     * @throws UnreadableSchemaException if it is Avro's and cannot be read
     * @throws RegistryException if the registry does not answer as it should
     */
    Optional<Schema> read(Answer answer) {
        // Answers about Avro leave the type out.
        if (!answer.json().path("schemaType").asText("AVRO").equals("AVRO")) {
            return Optional.empty();
        }
        return Optional.of(parse(answer));
    }

    private Schema parse(Answer answer) {
        JsonNode text = answer.json().path("schema");
        if (!text.isTextual()) {
            throw RegistryConnection.nonsense(answer.question(), "JSON without a text \"schema\"");
        }
        for (JsonNode reference : answer.json().path("references")) {
            resolve(answer, reference);
        }
        try {
            return parser.parse(text.textValue());
        } catch (RuntimeException e) {
            // Avro has several for what is no schema, and quotes it whole.
            throw new UnreadableSchemaException(answer.question() + " is answered with a schema of "
                    + text.textValue().length() + " characters that is no Avro schema ("
                    + e.getClass().getSimpleName()
                    + "); expected one that Avro can parse; look at it in the registry");
        }
    }

    /** The parser keeps the names that it has met, so what is referred to comes first. */
    private void resolve(Answer answer, JsonNode reference) {
        JsonNode subject = reference.path("subject");
        JsonNode version = reference.path("version");
        if (!subject.isTextual() || !version.isIntegralNumber()) {
            throw RegistryConnection.nonsense(answer.question(), "a reference without subject and version");
        }
        String place = "/subjects/" + encoded(subject.textValue()) + "/versions/" + version.asText();
        // One name may come from several places, in versions of its own; as with Confluent's client, the first is
        // taken.
        if (parser.getTypes().containsKey(reference.path("name").asText()) || !resolved.add(place)) {
            return;
        }
        if (resolved.size() > MAX_REFERENCES) {
            throw new UnreadableSchemaException(
                    answer.question() + " is answered with a schema that refers, through others, to more than "
                            + MAX_REFERENCES + "; expected no more; look at it in the registry");
        }
        // What others refer to may be deleted softly, and is needed all the same.
        Answer referred = connection.get(place + "?deleted=true");
        if (referred.isUnknown()) {
            throw new UnreadableSchemaException(referred.question() + " is answered with " + referred.said()
                    + "; expected the schema that another refers to; register it again");
        }
        if (!referred.isOk()) {
            throw RegistryConnection.nonsense(referred.question(), referred.said());
        }
        Schema unused = parse(referred);
    }
}
