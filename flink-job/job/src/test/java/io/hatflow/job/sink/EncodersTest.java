package io.hatflow.job.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import io.hatflow.job.registry.RegisteredSchemas;
import io.hatflow.job.registry.UnreadableSchemaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.util.InstantiationUtil;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EncodersTest {

    private static final Path EXAMPLES = Path.of("../../schemas/examples");

    /** The valid examples of both events, as paths below {@code schemas/examples}. */
    static Stream<Path> examples() throws IOException {
        List<Path> examples = new ArrayList<>();
        for (String event : List.of("labelled-document", "dead-letter")) {
            try (Stream<Path> files = Files.list(EXAMPLES.resolve(event).resolve("valid"))) {
                files.forEach(examples::add);
            }
        }
        return examples.stream();
    }

    private static Class<? extends SpecificRecordBase> type(Path example) {
        return example.startsWith(EXAMPLES.resolve("dead-letter")) ? DeadLetter.class : LabelledDocument.class;
    }

    private static SpecificRecordBase event(Path example) throws IOException {
        SpecificData model = SpecificData.getForClass(type(example));
        var schema = model.getSchema(type(example));
        @SuppressWarnings("unchecked")
        DatumReader<SpecificRecordBase> reader = model.createDatumReader(schema);
        return reader.read(null, DecoderFactory.get().jsonDecoder(schema, Files.readString(example)));
    }

    private static byte[] json(Path example) throws Exception {
        EventEncoder<SpecificRecordBase> encoder = InstantiationUtil.clone(new JsonEncoder<>());
        return encoder.encode("topic", event(example));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void anEventIsWrittenAsThePublishedExampleIs(Path example) throws Exception {
        Path folder = EXAMPLES.resolve(example.getName(EXAMPLES.getNameCount()) + "-json");
        JsonMapper mapper = new JsonMapper();

        assertThat(mapper.readTree(json(example)))
                .isEqualTo(
                        mapper.readTree(Files.readString(folder.resolve("valid").resolve(example.getFileName()))));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void anEventAsJsonFollowsThePublishedSchema(Path example) throws Exception {
        String schema = type(example) == DeadLetter.class ? "dead-letter" : "labelled-document";
        try (InputStream file = Objects.requireNonNull(
                DeadLetter.class.getResourceAsStream("/io/hatflow/schemas/" + schema + ".schema.json"))) {
            assertThat(SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                            .getSchema(file)
                            .validate(new String(json(example), StandardCharsets.UTF_8), InputFormat.JSON))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void anEventInAvroIsReadByThoseWhoHaveItsSchema(Path example) throws Exception {
        EventEncoder<SpecificRecordBase> encoder = InstantiationUtil.clone(encoder(example));

        byte[] bytes = encoder.encode("topic", event(example));

        SpecificData model = SpecificData.getForClass(type(example));
        assertThat(new BinaryMessageDecoder<SpecificRecordBase>(model, model.getSchema(type(example))).decode(bytes))
                .isEqualTo(event(example));
    }

    @SuppressWarnings("unchecked")
    private static EventEncoder<SpecificRecordBase> encoder(Path example) {
        return new SingleObjectEncoder<>((Class<SpecificRecordBase>) type(example));
    }

    private static EventDecoder<?> decoder(Path example, @Nullable RegisteredSchemas registry) {
        return type(example) == DeadLetter.class
                ? new EventDecoder<>(DeadLetter.class, registry)
                : new EventDecoder<>(LabelledDocument.class, registry);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void eachFormIsRecognisedAndReadBack(Path example) throws Exception {
        byte[] singleObject = encoder(example).encode("topic", event(example));
        byte[] registered = ByteBuffer.allocate(singleObject.length - 5)
                .put((byte) 0)
                .putInt(7)
                .put(singleObject, 10, singleObject.length - 10)
                .array();

        assertThat(decoder(example, null).decode(singleObject)).isEqualTo(event(example));
        assertThat(decoder(example, null).decode(json(example))).isEqualTo(event(example));
        assertThat(decoder(example, knowing(7, type(example))).decode(registered))
                .isEqualTo(event(example));
    }

    /** A registry with one schema, and with one that is none under the next id but one. */
    private static RegisteredSchemas knowing(int only, Class<?> type) {
        return new RegisteredSchemas() {
            @Override
            public Optional<Schema> byId(int id) {
                if (id == only + 2) {
                    throw new UnreadableSchemaException("It is no schema");
                }
                return id == only ? Optional.of(ConfluentAvroEncoder.published(type)) : Optional.empty();
            }

            @Override
            public Optional<Schema> byGuid(UUID guid) {
                return Optional.empty();
            }

            @Override
            public Optional<Schema> latest(String subject) {
                return Optional.empty();
            }
        };
    }

    @Test
    void jsonOfOtherReleasesIsRead() throws Exception {
        Path example = EXAMPLES.resolve("dead-letter/valid/no-value.json");
        ObjectNode json = (ObjectNode) new JsonMapper().readTree(json(example));
        json.put("added", "later").put("reason", "ADDED_LATER").remove("headers");

        DeadLetter read = new EventDecoder<>(DeadLetter.class, null).decode(new JsonMapper().writeValueAsBytes(json));

        assertThat(read.getReason()).isEqualTo(Reason.UNKNOWN);
        assertThat(read.getHeaders()).isEmpty();
        assertThat(read.getProvenance()).isEqualTo(((DeadLetter) event(example)).getProvenance());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "{",
                "{}",
                "[]",
                "\u0000",
                "\u0000\u0000\u0000\u0000\u0008",
                "\u0000\u0000\u0000\u0000\t",
                "\u0000\u0000\u0000\u0000\u0007\u0002",
                "{\"event_id\": 7}",
                "{\"event_id\": \"e\", \"value\": 7}",
                "{\"event_id\": \"e\", \"value\": \"?\"}",
                "{\"event_id\": \"e\", \"value\": null, \"provenance\": []}",
                "{\"event_id\": \"e\", \"value\": null, \"provenance\": {\"topic\": \"t\", \"partition\": 0, \"offset\": 1,"
                        + " \"timestamp\": \"yesterday\"}}"
            })
    void whatIsNoEventIsSaidToBeNone(String value) {
        EventDecoder<DeadLetter> decoder = new EventDecoder<>(DeadLetter.class, knowing(7, DeadLetter.class));

        assertThatThrownBy(() -> decoder.decode(value.getBytes(StandardCharsets.ISO_8859_1)))
                .isInstanceOf(IOException.class);
    }

    @Test
    void withoutARegistryItsEventsCannotBeRead() {
        assertThatThrownBy(() -> new EventDecoder<>(DeadLetter.class, null).decode(new byte[6]))
                .isInstanceOf(EventDecoder.NoRegistry.class);
    }

    @ParameterizedTest
    @ValueSource(classes = {LabelledDocument.class, DeadLetter.class})
    void whatIsRegisteredIsWhatIsWritten(Class<?> type) {
        assertThat(SchemaNormalization.parsingFingerprint64(ConfluentAvroEncoder.published(type)))
                .isEqualTo(SchemaNormalization.parsingFingerprint64(
                        SpecificData.getForClass(type).getSchema(type)));
        assertThat(ConfluentAvroEncoder.published(type).toString()).doesNotContain("avro.java.string");
    }
}
