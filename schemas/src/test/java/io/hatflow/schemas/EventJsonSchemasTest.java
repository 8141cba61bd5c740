package io.hatflow.schemas;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The JSON schemas of events that are written as JSON, and their examples. */
class EventJsonSchemasTest {

    private static final Map<String, Schema> EVENTS = Map.of(
            "labelled-document-json", LabelledDocument.getClassSchema(),
            "dead-letter-json", DeadLetter.getClassSchema());

    /** Where each invalid example is refused, and by which keyword. */
    private static final Map<String, String> COMPLAINTS = Map.ofEntries(
            Map.entry("labelled-document-json/title-left-out", " required"),
            Map.entry("labelled-document-json/score-as-text", "/answers/0/labels/0/score type"),
            Map.entry("labelled-document-json/timestamp-as-number", "/provenance/timestamp type"),
            Map.entry("labelled-document-json/metadata-value-not-a-string", "/metadata/language type"),
            Map.entry("dead-letter-json/value-as-avro-writes-it", "/value type"),
            Map.entry("dead-letter-json/reason-in-lower-case", "/reason pattern"),
            Map.entry("dead-letter-json/header-without-key", "/headers/0 required"));

    static Stream<Schema> events() {
        return EVENTS.values().stream();
    }

    /** When this fails, put what it shows into the file. */
    @ParameterizedTest
    @MethodSource("events")
    void theFileSaysWhatTheAvroSchemaSays(Schema event) throws IOException {
        Path file = Path.of("src/main/json", EventJsonSchema.fileName(event));

        assertThat(Files.readString(file)).as(file.toString()).isEqualTo(EventJsonSchema.of(event));
    }

    static Stream<String> validExamples() throws IOException {
        Stream.Builder<String> examples = Stream.builder();
        for (String event : EVENTS.keySet()) {
            Examples.names(event + "/valid").forEach(name -> examples.add(event + "/" + name));
        }
        return examples.build();
    }

    @ParameterizedTest
    @MethodSource("validExamples")
    void isAccepted(String example) throws IOException {
        assertThat(errors(example, "valid")).isEmpty();
    }

    static Stream<String> invalidExamples() {
        return COMPLAINTS.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("invalidExamples")
    void isRefusedForTheReasonInItsName(String example) throws IOException {
        assertThat(errors(example, "invalid"))
                .extracting(error -> error.getInstanceLocation() + " " + error.getKeyword())
                .containsExactly(COMPLAINTS.get(example));
    }

    @Test
    void everyInvalidExampleIsTested() throws IOException {
        TreeSet<String> onDisk = new TreeSet<>();
        for (String event : EVENTS.keySet()) {
            Examples.names(event + "/invalid").forEach(name -> onDisk.add(event + "/" + name));
        }
        assertThat(COMPLAINTS.keySet()).containsExactlyInAnyOrderElementsOf(onDisk);
    }

    private static List<Error> errors(String example, String kind) throws IOException {
        String[] path = example.split("/", 2);
        String file = "/io/hatflow/schemas/" + EventJsonSchema.fileName(requireNonNull(EVENTS.get(path[0])));
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(requireNonNull(EventJsonSchemasTest.class.getResourceAsStream(file)))
                .validate(Examples.read(path[0] + "/" + kind, path[1]), InputFormat.JSON);
    }
}
