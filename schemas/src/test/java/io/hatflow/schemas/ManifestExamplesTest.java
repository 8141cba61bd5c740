package io.hatflow.schemas;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every example of a bundle manifest is accepted, or refused at the one place that its name points to. */
class ManifestExamplesTest {

    private static final Schema SCHEMA = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(requireNonNull(
                    ManifestExamplesTest.class.getResourceAsStream("/io/hatflow/schemas/bundle-manifest.schema.json")));

    /** Where each invalid example is refused, and by which keyword. */
    private static final Map<String, String> COMPLAINTS = Map.ofEntries(
            Map.entry("unknown-major-format", "/format_version pattern"),
            Map.entry("upper-case-name", "/name pattern"),
            Map.entry("no-labels", "/labels minItems"),
            Map.entry("label-without-threshold", "/labels/1 required"),
            Map.entry("labels-of-an-embedding", "/labels not"),
            Map.entry("multiple-choice-without-pooling", " required"),
            Map.entry("unknown-architecture", "/architecture enum"),
            Map.entry("unknown-task", "/task enum"),
            Map.entry("segment-without-room-for-a-token", "/segmentation/segment_length minimum"),
            Map.entry("negative-window-overlap", "/segmentation/window_overlap minimum"),
            Map.entry("missing-pad-segment", " required"),
            Map.entry("encoder-without-sep", "/special_tokens required"),
            Map.entry("attentive-pooling-of-an-encoder", "/pooling enum"),
            Map.entry("encoder-that-looks-across-segments", "/segmentation/max_segments const"),
            Map.entry("token-classification-without-tags", " required"),
            Map.entry("sep-of-a-hat", "/special_tokens/sep not"),
            Map.entry("unknown-pad-segment", "/pad_segment enum"),
            Map.entry("misspelt-property", " additionalProperties"),
            Map.entry("float64-input", "/graph/inputs/1/type enum"),
            Map.entry("unknown-axis-symbol", "/graph/inputs/2/shape/0 oneOf"),
            Map.entry("hat-without-tokenizer", "/files required"),
            Map.entry("language-model-without-windows", " required"),
            Map.entry("language-model-with-other-labels", "/labels/1/name const"),
            Map.entry("language-model-with-a-problem-type", "/problem_type not"),
            Map.entry("gap-beside-an-overlap", "/windows/overlap not"),
            Map.entry("gaps-of-a-classifier", "/windows/gap not"),
            Map.entry("two-characters-as-one-symbol", "/symbols/vocabulary/1 maxLength"),
            Map.entry("segments-of-a-language-model", "/segmentation not"),
            Map.entry("model-not-covered-by-checksum", "/files required"),
            Map.entry("checksum-too-short", "/files/tokenizer.json/sha256 pattern"),
            Map.entry("file-outside-the-folder", "/files propertyNames"),
            Map.entry("no-exporter-version", "/provenance required"));

    static Stream<String> validExamples() throws IOException {
        return Examples.names("bundle-manifest/valid").stream();
    }

    static Stream<String> invalidExamples() throws IOException {
        return Examples.names("bundle-manifest/invalid").stream();
    }

    @ParameterizedTest
    @MethodSource("validExamples")
    void isAccepted(String name) throws IOException {
        assertThat(errors("bundle-manifest/valid", name)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("invalidExamples")
    void isRefusedForTheReasonInItsName(String name) throws IOException {
        assertThat(COMPLAINTS).containsKey(name);
        assertThat(errors("bundle-manifest/invalid", name))
                .extracting(error -> error.getInstanceLocation() + " " + error.getKeyword())
                .contains(COMPLAINTS.get(name));
    }

    @Test
    void everyComplaintHasItsExample() throws IOException {
        assertThat(Examples.names("bundle-manifest/invalid")).containsExactlyInAnyOrderElementsOf(COMPLAINTS.keySet());
    }

    private static List<Error> errors(String folder, String name) throws IOException {
        return SCHEMA.validate(Examples.read(folder, name), InputFormat.JSON);
    }
}
