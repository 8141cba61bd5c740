package io.hatflow.schemas;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;

/**
 * The JSON schema of an event that is written as JSON, made of its Avro schema: bytes are base64, times ISO 8601, every field is there. Later
 * versions may add fields and symbols of enums, which this one lets pass, as older readers of Avro do.
 */
final class EventJsonSchema {

    private final Map<String, ObjectNode> types = new TreeMap<>();

    private EventJsonSchema() {}

    /** Of the event, as the file holds it. */
    static String of(Schema event) throws JsonProcessingException {
        EventJsonSchema made = new EventJsonSchema();
        ObjectNode schema = JsonNodeFactory.instance
                .objectNode()
                .put("$schema", "https://json-schema.org/draft/2020-12/schema")
                .put("$id", "https://hatflow.io/schemas/" + fileName(event))
                .put("title", event.getName());
        schema.setAll(made.record(event));
        ObjectNode definitions = schema.putObject("$defs");
        made.types.forEach(definitions::set);
        return new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(schema) + "\n";
    }

    /** Such as {@code dead-letter.schema.json}. */
    static String fileName(Schema event) {
        return event.getName().replaceAll("(?<=[a-z])(?=[A-Z])", "-").toLowerCase(Locale.ROOT) + ".schema.json";
    }

    private ObjectNode record(Schema type) {
        ObjectNode schema = described(type.getDoc()).put("type", "object");
        ArrayNode required = schema.putArray("required");
        ObjectNode properties = schema.putObject("properties");
        for (Schema.Field field : type.getFields()) {
            required.add(field.name());
            properties.set(field.name(), described(field.doc()).setAll(value(field.schema())));
        }
        return schema;
    }

    private static ObjectNode described(String doc) {
        return JsonNodeFactory.instance.objectNode().put("description", doc);
    }

    private ObjectNode value(Schema schema) {
        ObjectNode value = JsonNodeFactory.instance.objectNode();
        return switch (schema.getType()) {
            case STRING -> value.put("type", "string");
            case BYTES -> value.put("type", "string").put("contentEncoding", "base64");
            case BOOLEAN -> value.put("type", "boolean");
            case INT -> value.put("type", "integer");
            case LONG ->
                schema.getLogicalType() == null
                        ? value.put("type", "integer")
                        : value.put("type", "string").put("format", "date-time");
            case FLOAT -> value.put("type", "number");
            case ARRAY -> value.put("type", "array").set("items", value(schema.getElementType()));
            case MAP -> value.put("type", "object").set("additionalProperties", value(schema.getValueType()));
            case RECORD, ENUM -> value.put("$ref", "#/$defs/" + defined(schema));
            case UNION -> orNull(value(schema.getTypes().get(1)));
            default -> throw new IllegalArgumentException("Events hold no " + schema);
        };
    }

    private String defined(Schema type) {
        if (!types.containsKey(type.getName())) {
            types.put(type.getName(), type.getType() == Schema.Type.RECORD ? record(type) : symbols(type));
        }
        return type.getName();
    }

    private static ObjectNode symbols(Schema type) {
        ObjectNode schema = described(type.getDoc()).put("type", "string").put("pattern", "^[A-Z_]+$");
        ArrayNode examples = schema.putArray("examples");
        type.getEnumSymbols().stream()
                .filter(symbol -> !symbol.equals("UNKNOWN"))
                .forEach(examples::add);
        return schema;
    }

    private static ObjectNode orNull(ObjectNode value) {
        if (value.has("$ref")) {
            ObjectNode either = JsonNodeFactory.instance.objectNode();
            either.putArray("anyOf").add(value).addObject().put("type", "null");
            return either;
        }
        String type = value.get("type").asText();
        value.putArray("type").add(type).add("null");
        return value;
    }
}
