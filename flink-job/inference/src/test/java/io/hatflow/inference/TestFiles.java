package io.hatflow.inference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** Where the test data lies, and copies of bundles that a test may damage. */
public final class TestFiles {

    public static final Path RESOURCES = Path.of("src", "test", "resources");
    public static final Path TINY_SEGMENTS = RESOURCES.resolve(Path.of("bundles", "tiny-segments"));
    public static final Path TINY_DOCUMENTS = RESOURCES.resolve(Path.of("bundles", "tiny-documents"));
    public static final Path TINY_LANGUAGE = bundle("tiny-language");
    public static final Path TINY_BYTES = bundle("tiny-bytes");
    public static final Path FIXTURES = RESOURCES.resolve("hat-fixtures");
    public static final Path HOURGLASS_FIXTURES = RESOURCES.resolve("hourglass-fixtures");

    /** The bundle that ships. */
    public static final Path CONTRACT_CLAUSES = Path.of("..", "..", "deploy", "bundles", "contract-clauses");

    private static final JsonMapper JSON = new JsonMapper();

    private TestFiles() {}

    /** A bundle that is made for tests, by its name. */
    public static Path bundle(String name) {
        return RESOURCES.resolve("bundles").resolve(name);
    }

    public static JsonNode json(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static List<JsonNode> jsonLines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.map(TestFiles::parse).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The texts on which both languages must agree, with digests of what they find: see Python's {@code corpus_vectors.py}. */
    public static List<JsonNode> corpus() {
        try (InputStream bytes =
                        new GZIPInputStream(Files.newInputStream(RESOURCES.resolve("tokenizer-corpus.jsonl.gz")));
                BufferedReader lines = new BufferedReader(new InputStreamReader(bytes, StandardCharsets.UTF_8))) {
            return lines.lines().map(TestFiles::parse).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static String text(JsonNode corpusRecord) {
        return corpusRecord
                .get("unit")
                .asText()
                .repeat(corpusRecord.get("times").asInt());
    }

    private static JsonNode parse(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static int[] ints(JsonNode array) {
        return JSON.convertValue(array, int[].class);
    }

    public static int[][] pairs(JsonNode array) {
        return JSON.convertValue(array, int[][].class);
    }

    /** Copies a bundle into {@code folder}, which must exist and be empty. */
    public static Path copyOf(Path bundle, Path folder) {
        try (Stream<Path> files = Files.list(bundle)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
