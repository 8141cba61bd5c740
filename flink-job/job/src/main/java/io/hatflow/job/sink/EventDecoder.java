package io.hatflow.job.sink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.hatflow.job.registry.ConfluentFraming;
import io.hatflow.job.registry.RegisteredSchemas;
import io.hatflow.job.registry.UnreadableSchemaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecordBase;
import org.jspecify.annotations.Nullable;

/** Reads an event in whichever {@link EventFormat.Encoding} the job has written it: its first byte says which. Not thread-safe. */
public final class EventDecoder<T extends SpecificRecordBase> {

    /** The event's schema is in a registry, and none was given. */
    public static final class NoRegistry extends IOException {
        private static final long serialVersionUID = 1L;

        NoRegistry() {
            super("its schema is in a registry");
        }
    }

    private static final int SINGLE_OBJECT = 0xC3;
    private static final JsonMapper JSON = new JsonMapper(JsonFactory.builder()
            // A dead letter holds a whole record as one string; Jackson refuses those above 20 million characters.
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build());

    private final Class<T> type;
    private final SpecificData model;
    private final Schema schema;
    private final @Nullable RegisteredSchemas registry;
    private final BinaryMessageDecoder<T> singleObjects;

    /**
     * For events of a type.
     *
     * @param registry that holds the schemas of events in Confluent's form; null where there is none
     */
    public EventDecoder(Class<T> type, @Nullable RegisteredSchemas registry) {
        this.type = type;
        this.model = SpecificData.getForClass(type);
        this.schema = model.getSchema(type);
        this.registry = registry;
        this.singleObjects = new BinaryMessageDecoder<>(model, schema);
    }

    /**
     * The event.
     *
     * @throws IOException if the value is none, with what is wrong
     * @throws io.hatflow.job.registry.RegistryException if the registry does not answer
     */
    public T decode(byte[] value) throws IOException {
        try {
            int first = value.length == 0 ? -1 : value[0] & 0xFF;
            return switch (first) {
                case SINGLE_OBJECT -> singleObjects.decode(value);
                case ConfluentFraming.MAGIC -> registered(value);
                case '{' -> type.cast(record(JSON.readTree(value), schema));
                default -> throw new IOException("it begins like no event");
            };
        } catch (AvroRuntimeException
                | DateTimeException
                | IllegalArgumentException
                | IndexOutOfBoundsException
                | UnreadableSchemaException e) {
            throw new IOException(e);
        }
    }

    private T registered(byte[] value) throws IOException {
        if (registry == null) {
            throw new NoRegistry();
        }
        if (value.length < ConfluentFraming.BYTES) {
            throw new IOException("it ends within its header");
        }
        int id = ByteBuffer.wrap(value, 1, Integer.BYTES).getInt();
        Schema writer = registry.byId(id)
                .orElseThrow(() -> new IOException("the registry knows no Avro schema with its id " + id));
        @SuppressWarnings("unchecked")
        DatumReader<T> reader = model.createDatumReader(writer, schema);
        BinaryDecoder decoder = DecoderFactory.get()
                .binaryDecoder(value, ConfluentFraming.BYTES, value.length - ConfluentFraming.BYTES, null);
        @Nullable T none = null;
        T event = reader.read(none, decoder);
        if (!decoder.isEnd()) {
            throw new IOException("bytes follow it");
        }
        return event;
    }

    /** Fields that are not there have their defaults, and others are passed over: other releases have fewer or more. */
    private SpecificRecordBase record(JsonNode json, Schema type) throws IOException {
        if (!json.isObject()) {
            throw new IOException(type.getName() + " is no JSON object");
        }
        SpecificRecordBase event = (SpecificRecordBase) SpecificData.newInstance(model.getClass(type), type);
        for (Schema.Field field : type.getFields()) {
            JsonNode value = json.get(field.name());
            if (value == null && !field.hasDefaultValue()) {
                throw new IOException(type.getName() + " has no " + field.name());
            }
            event.put(field.pos(), value == null ? model.getDefaultValue(field) : value(value, field.schema()));
        }
        return event;
    }

    private @Nullable Object value(JsonNode json, Schema schema) throws IOException {
        return switch (schema.getType()) {
            case UNION -> json.isNull() ? null : value(json, schema.getTypes().get(1));
            case RECORD -> record(json, schema);
            case ARRAY -> items(json, schema.getElementType());
            case MAP -> entries(json, schema.getValueType());
            case ENUM ->
                model.createEnum(schema.hasEnumSymbol(json.asText()) ? json.asText() : schema.getEnumDefault(), schema);
            case STRING -> required(json.isTextual(), json.textValue(), schema);
            case BYTES -> ByteBuffer.wrap((byte[]) required(json.isTextual(), json.binaryValue(), schema));
            case LONG ->
                schema.getLogicalType() == null
                        ? required(json.canConvertToLong(), json.longValue(), schema)
                        : Instant.parse(json.asText());
            case INT -> required(json.canConvertToInt(), json.intValue(), schema);
            case FLOAT -> required(json.isNumber(), json.floatValue(), schema);
            case BOOLEAN -> required(json.isBoolean(), json.booleanValue(), schema);
            default -> throw new IllegalStateException("Events hold no " + schema + "; this is a bug");
        };
    }

    private static Object required(boolean fits, @Nullable Object value, Schema schema) throws IOException {
        if (!fits || value == null) {
            throw new IOException("a value is no " + schema.getType().getName());
        }
        return value;
    }

    private List<@Nullable Object> items(JsonNode json, Schema type) throws IOException {
        List<@Nullable Object> items = new ArrayList<>();
        for (JsonNode item : json) {
            items.add(value(item, type));
        }
        return items;
    }

    private Map<String, @Nullable Object> entries(JsonNode json, Schema type) throws IOException {
        Map<String, @Nullable Object> entries = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            entries.put(entry.getKey(), value(entry.getValue(), type));
        }
        return entries;
    }
}
