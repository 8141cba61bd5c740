package io.hatflow.inference.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A model bundle on disk whose manifest is well-formed and whose files are those that it names: {@code docs/bundle.md}.
 *
 * <p>Whether graph and tokenizer fit is checked where they are opened; the golden cases are replayed by the classifier.
 */
public final class Bundle {

    private static final String MANIFEST = "manifest.json";
    private static final String SCHEMA = "/io/hatflow/schemas/bundle-manifest.schema.json";
    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final Manifest manifest;
    private final String digest;
    private final List<GoldenCase> goldenCases;

    private Bundle(Path folder, Manifest manifest, String digest, List<GoldenCase> goldenCases) {
        this.folder = folder;
        this.manifest = manifest;
        this.digest = digest;
        this.goldenCases = List.copyOf(goldenCases);
    }

    /**
     * Read a bundle and check that it is the one that was written.
     *
     * @throws BundleException listing every problem, if it is not a bundle of a known format or its files are not those of the manifest
     */
    public static Bundle open(Path folder) {
        Path path = folder.resolve(MANIFEST);
        if (!Files.isRegularFile(path)) {
            throw new BundleException(
                    folder,
                    List.of((Files.isDirectory(folder) ? "it has no " + MANIFEST : "there is no such folder")
                            + "; expected a folder written by `python -m onnx_export bundle`"));
        }
        byte[] bytes = read(folder, path);
        JsonNode tree = parse(folder, bytes);
        refuseUnknownMajorVersion(folder, tree);
        List<String> problems = new ArrayList<>(schemaProblems(tree));
        if (!problems.isEmpty()) {
            throw new BundleException(folder, problems);
        }
        Manifest manifest = manifestOf(folder, tree);
        problems.addAll(contradictions(manifest));
        problems.addAll(fileProblems(folder, manifest));
        List<GoldenCase> goldenCases = problems.isEmpty() ? goldenCases(folder, manifest, problems) : List.of();
        if (!problems.isEmpty()) {
            throw new BundleException(folder, problems);
        }
        return new Bundle(folder, manifest, HexFormat.of().formatHex(sha256().digest(bytes)), goldenCases);
    }

    public Path folder() {
        return folder;
    }

    public Path model() {
        return folder.resolve("model.onnx");
    }

    public Path tokenizer() {
        return folder.resolve("tokenizer.json");
    }

    public Manifest manifest() {
        return manifest;
    }

    public List<GoldenCase> goldenCases() {
        return goldenCases;
    }

    public BundleInfo info() {
        return new BundleInfo(
                manifest.name(),
                manifest.version(),
                digest,
                manifest.labels().stream().map(Manifest.Label::name).toList());
    }

    private static JsonNode parse(Path folder, byte[] bytes) {
        try {
            return JSON.readTree(bytes);
        } catch (IOException e) {
            throw new BundleException(folder, List.of(MANIFEST + " is no JSON: " + oneLine(e)));
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

    private static List<String> schemaProblems(JsonNode tree) {
        String text;
        try (InputStream stream = Bundle.class.getResourceAsStream(SCHEMA)) {
            if (stream == null) {
                throw new IllegalStateException(
                        "the manifest schema " + SCHEMA + " is not on the class path; this is a bug");
            }
            text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Schema schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(text, InputFormat.JSON);
        return schema.validate(tree.toString(), InputFormat.JSON).stream()
                .map(Bundle::sentence)
                .sorted()
                .toList();
    }

    private static String sentence(Error error) {
        String at = error.getInstanceLocation().toString();
        return MANIFEST + (at.isEmpty() ? "" : " at " + at) + ": " + error.getMessage();
    }

    private static Manifest manifestOf(Path folder, JsonNode tree) {
        try {
            return JSON.treeToValue(tree, Manifest.class);
        } catch (JsonProcessingException e) {
            throw new BundleException(folder, List.of(MANIFEST + ": " + oneLine(e)));
        }
    }

    /** What the schema cannot say. */
    private static List<String> contradictions(Manifest manifest) {
        List<String> problems = new ArrayList<>();
        Manifest.Segmentation segmentation = manifest.segmentation();
        if (segmentation.windowOverlap() >= segmentation.maxSegments()) {
            problems.add("window_overlap is %d, expected less than max_segments, which is %d"
                    .formatted(segmentation.windowOverlap(), segmentation.maxSegments()));
        }
        if (manifest.architecture() != Manifest.Architecture.HAT) {
            problems.add("architecture is " + manifest.architecture() + ", but this release runs hat alone");
        }
        Map<String, Integer> counts = new TreeMap<>();
        manifest.labels().forEach(label -> counts.merge(label.name(), 1, Integer::sum));
        counts.forEach((name, count) -> {
            if (count > 1) {
                problems.add("label '" + name + "' is listed " + count + " times, expected each label once");
            }
        });
        return problems;
    }

    private static List<String> fileProblems(Path folder, Manifest manifest) {
        List<String> problems = new ArrayList<>();
        new TreeMap<>(manifest.files()).forEach((name, expected) -> {
            Path file = folder.resolve(name);
            if (!Files.isRegularFile(file)) {
                problems.add(name + " is missing");
                return;
            }
            try {
                long bytes = Files.size(file);
                if (bytes != expected.bytes()) {
                    problems.add("%s has %d bytes, the manifest says %d; copy the bundle again"
                            .formatted(name, bytes, expected.bytes()));
                    return;
                }
                String sum = sha256(file);
                if (!sum.equals(expected.sha256())) {
                    problems.add(name + " has SHA-256 " + sum + ", the manifest says " + expected.sha256()
                            + "; copy the bundle again, or export it again if the file was changed on purpose");
                }
            } catch (IOException e) {
                problems.add(name + " cannot be read: " + oneLine(e));
            }
        });
        return problems;
    }

    private static List<GoldenCase> goldenCases(Path folder, Manifest manifest, List<String> problems) {
        List<GoldenCase> cases = new ArrayList<>();
        try {
            int number = 0;
            for (String line : Files.readAllLines(folder.resolve("golden.jsonl"))) {
                number++;
                if (line.isBlank()) {
                    continue;
                }
                try {
                    GoldenCase golden = JSON.readValue(line, GoldenCase.class);
                    int labels = manifest.labels().size();
                    int answered = golden.answers(manifest.task())[0].length;
                    if (labels > 0 ? answered != labels : answered == 0) {
                        problems.add("golden.jsonl line %d has %d scores, expected %s"
                                .formatted(
                                        number,
                                        answered,
                                        labels > 0
                                                ? "one for each of the " + labels + " labels"
                                                : "what a model for " + manifest.task() + " answers"));
                    }
                    cases.add(golden);
                } catch (JsonProcessingException e) {
                    problems.add("golden.jsonl line " + number + ": " + oneLine(e));
                }
            }
        } catch (IOException e) {
            problems.add("golden.jsonl cannot be read: " + oneLine(e));
        }
        if (cases.isEmpty() && problems.isEmpty()) {
            problems.add("golden.jsonl is empty, but a bundle that cannot be tested is not trusted");
        }
        return cases;
    }

    private static byte[] read(Path folder, Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new BundleException(folder, List.of(file.getFileName() + " cannot be read: " + oneLine(e)));
        }
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream stream = new DigestInputStream(Files.newInputStream(file), digest)) {
            stream.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static String oneLine(Exception e) {
        String message = e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
        return String.valueOf(message).lines().findFirst().orElse(e.getClass().getSimpleName());
    }
}
