package io.hatflow.inference.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.hatflow.inference.task.TokenHead;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Decides whether bytes are the manifest of a bundle that this release reads, by the schema and by what no schema can say. Thread-safe. */
final class ManifestReader {

    static final String MANIFEST = "manifest.json";

    private static final String SCHEMA = "/io/hatflow/schemas/bundle-manifest.schema.json";
    private static final String REMEDY =
            "Export the bundle again with this release's onnx_export, or correct the manifest with docs/bundle.md.";
    private static final int SHOWN_CHARACTERS = 60;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private ManifestReader() {}

    /** Loaded when the first bundle is opened. */
    private static final class Loaded {
        static final Schema SCHEMA = load();
    }

    /**
     * Read a manifest.
     *
     * @param folder of the bundle, for messages
     * @throws BundleException listing every problem, if it is not the manifest of a bundle of a known format
     */
    static Manifest read(Path folder, byte[] bytes) {
        JsonNode tree = parse(folder, bytes);
        refuseUnknownMajorVersion(folder, tree);
        List<String> problems = new ArrayList<>();
        // The validator takes every number for a decimal one, and fails.
        addInfinities("", tree, problems);
        if (problems.isEmpty()) {
            problems = schemaProblems(tree);
        }
        if (!problems.isEmpty()) {
            throw new BundleException(folder, problems, REMEDY);
        }
        Manifest manifest = manifestOf(folder, tree);
        problems = contradictions(manifest);
        if (!problems.isEmpty()) {
            throw new BundleException(folder, problems, REMEDY);
        }
        return manifest;
    }

    private static JsonNode parse(Path folder, byte[] bytes) {
        try {
            // Jackson would guess other encodings, and replace some of what is no UTF-8.
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            JsonNode tree = JSON.readTree(text);
            if (tree.isMissingNode()) {
                throw new BundleException(folder, List.of(MANIFEST + " is empty, expected a JSON object"), REMEDY);
            }
            return tree;
        } catch (CharacterCodingException e) {
            throw new BundleException(folder, List.of(MANIFEST + " is not UTF-8, expected a JSON object"), REMEDY);
        } catch (JsonProcessingException e) {
            throw new BundleException(folder, List.of(MANIFEST + " is not JSON: " + Sentences.of(e)), REMEDY);
        }
    }

    /** Before anything else: a newer format may have another schema, so its other violations would only mislead. */
    private static void refuseUnknownMajorVersion(Path folder, JsonNode tree) {
        String version = tree.path("format_version").asText("");
        if (version.matches("[0-9]+\\.[0-9]+") && !version.startsWith("1.")) {
            throw new BundleException(
                    folder,
                    List.of(
                            "its format_version is " + version
                                    + ", but this release reads 1.x; export it again with this release's onnx_export, or upgrade"));
        }
    }

    private static void addInfinities(String at, JsonNode node, List<String> problems) {
        if (node.isDouble() && Double.isInfinite(node.doubleValue())) {
            problems.add(MANIFEST + " at " + at + ": a number beyond all that a double holds, expected a smaller one");
        }
        for (int i = 0; node.isArray() && i < node.size(); i++) {
            addInfinities(at + "/" + i, node.get(i), problems);
        }
        node.properties().forEach(field -> addInfinities(at + "/" + field.getKey(), field.getValue(), problems));
    }

    private static Schema load() {
        try (InputStream stream = ManifestReader.class.getResourceAsStream(SCHEMA)) {
            if (stream == null) {
                throw new IllegalStateException(
                        "the manifest schema " + SCHEMA + " is not on the class path; this is a bug");
            }
            return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                    .getSchema(new String(stream.readAllBytes(), StandardCharsets.UTF_8), InputFormat.JSON);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> schemaProblems(JsonNode tree) {
        List<Error> errors = Loaded.SCHEMA.validate(tree);
        // What a manifest needs beyond the rest follows from architecture and task; without them, that would only
        // mislead.
        boolean unknown = !tree.has("architecture")
                || !tree.has("task")
                || errors.stream().anyMatch(ManifestReader::isOfTheKind);
        return errors.stream()
                .filter(error -> !unknown
                        || isOfTheKind(error)
                        || !error.getEvaluationPath().toString().matches("/(allOf|then)/.*"))
                .map(error -> sentence(error, tree))
                .sorted()
                .distinct()
                .toList();
    }

    /** Whether it says of the architecture or the task that there is none such. */
    private static boolean isOfTheKind(Error error) {
        return error.getInstanceLocation().toString().matches("/(architecture|task)");
    }

    private static String sentence(Error error, JsonNode tree) {
        String at = error.getInstanceLocation().toString();
        String place = MANIFEST + (at.isEmpty() ? "" : " at " + at);
        if (error.getKeyword().equals("not")) {
            String task = tree.path("task").asText();
            String architecture = tree.path("architecture").asText();
            return switch (at) {
                case "/task" ->
                    place + shown(error.getInstanceNode()) + ": the architecture " + architecture
                            + " has no such task, expected one that docs/bundle.md lists for it";
                case "/windows/overlap" -> place + ": has no meaning beside a gap, expected one of the two";
                case "/windows/gap" ->
                    place + ": a model for " + task
                            + " must see all of a text, or it would miss the labels of what stands in the gaps; expected overlap";
                case "/symbols/vocabulary" -> place + ": has no meaning for symbols of the kind bytes, expected none";
                default ->
                    place + ": has no meaning for the task " + task + " of the architecture " + architecture
                            + ", expected none";
            };
        }
        return place + shown(error.getInstanceNode()) + ": " + error.getMessage();
    }

    private static String shown(@Nullable JsonNode value) {
        if (value == null || !value.isValueNode()) {
            return "";
        }
        String text = value.toString();
        return " is " + (text.length() > SHOWN_CHARACTERS ? text.substring(0, SHOWN_CHARACTERS) + "…" : text);
    }

    private static Manifest manifestOf(Path folder, JsonNode tree) {
        try {
            return JSON.treeToValue(tree, Manifest.class);
        } catch (JsonProcessingException e) {
            throw new BundleException(folder, List.of(MANIFEST + ": " + Sentences.of(e)), REMEDY);
        }
    }

    /** What the schema cannot say. */
    private static List<String> contradictions(Manifest manifest) {
        List<String> problems = new ArrayList<>();
        switch (manifest.architecture()) {
            case HAT, ENCODER -> addContradictions(manifest.segmentation(), problems);
            case HOURGLASS -> addContradictions(manifest.windows(), manifest.symbols(), problems);
        }
        addContradictions(manifest.labels(), problems);
        addContradictions(manifest.tags(), manifest.labels(), problems);
        return problems;
    }

    private static void addContradictions(Manifest.Segmentation segmentation, List<String> problems) {
        if (segmentation.windowOverlap() >= segmentation.maxSegments()) {
            problems.add("window_overlap is %d, expected less than max_segments, which is %d"
                    .formatted(segmentation.windowOverlap(), segmentation.maxSegments()));
        }
    }

    private static void addContradictions(
            Manifest.SymbolWindows windows, Manifest.Symbols symbols, List<String> problems) {
        if (windows.overlap() >= windows.length()) {
            problems.add("windows.overlap is %d, expected less than windows.length, which is %d"
                    .formatted(windows.overlap(), windows.length()));
        }
        addRepeated("character", symbols.vocabulary(), problems);
    }

    private static void addContradictions(List<Manifest.Label> labels, List<String> problems) {
        addRepeated("label", labels.stream().map(Manifest.Label::name).toList(), problems);
        labels.stream()
                .filter(label -> !Float.isFinite(label.threshold()))
                .forEach(label -> problems.add(
                        "label '" + label.name() + "' has a threshold beyond all numbers, expected one such as 0.5"));
    }

    private static void addContradictions(List<String> tags, List<Manifest.Label> labels, List<String> problems) {
        List<String> expected = TokenHead.labelsOf(tags);
        List<String> names = labels.stream().map(Manifest.Label::name).toList();
        if (!tags.isEmpty() && !names.equals(expected)) {
            problems.add("labels are %s, expected those of the tags, %s".formatted(names, expected));
        }
    }

    private static void addRepeated(String what, List<String> names, List<String> problems) {
        Map<String, Integer> counts = new TreeMap<>();
        names.forEach(name -> counts.merge(name, 1, Integer::sum));
        counts.forEach((name, count) -> {
            if (count > 1) {
                problems.add("%1$s '%2$s' is listed %3$d times, expected each %1$s once".formatted(what, name, count));
            }
        });
    }
}
