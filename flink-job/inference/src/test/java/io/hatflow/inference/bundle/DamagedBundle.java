package io.hatflow.inference.bundle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.inference.TestFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A copy of a good bundle, and the ways in which it can be spoilt. */
final class DamagedBundle {

    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;

    /** Copies {@code good} into {@code folder}, which is not there yet. */
    DamagedBundle(Path good, Path folder) throws IOException {
        this.folder = TestFiles.copyOf(good, Files.createDirectory(folder));
    }

    Path folder() {
        return folder;
    }

    void delete() throws IOException {
        empty();
        Files.delete(folder);
    }

    void empty() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    /** Puts a file in the place of the folder. */
    void archive() throws IOException {
        delete();
        Files.writeString(folder, "PK");
    }

    /** Puts the bundle into a folder of its own within the folder, as unpacking does. */
    void nest() throws IOException {
        empty();
        TestFiles.copyOf(TestFiles.TINY_SEGMENTS, Files.createDirectory(folder.resolve("bundle")));
    }

    /** Puts another bundle in its place. */
    void become(String name) throws IOException {
        empty();
        TestFiles.copyOf(TestFiles.RESOURCES.resolve("bundles").resolve(name), folder);
    }

    /** Puts a folder in the place of a file. */
    void folderFor(String name) throws IOException {
        delete(name);
        Files.createDirectory(folder.resolve(name));
    }

    void write(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
    }

    void delete(String name) throws IOException {
        Files.delete(folder.resolve(name));
    }

    /** Leaves the last byte out, as a copy does that did not end. */
    void cut(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(folder.resolve(name));
        Files.write(folder.resolve(name), Arrays.copyOf(bytes, bytes.length - 1));
    }

    /** Changes a bit of a file and leaves the manifest as it is. */
    void flip(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(folder.resolve(name));
        bytes[bytes.length / 2] ^= 1;
        Files.write(folder.resolve(name), bytes);
    }

    /** Puts a file that holds the same elsewhere, and a link to it in its place. */
    void link(String name) throws IOException {
        Path outside = folder.resolveSibling("outside-" + name);
        Files.move(folder.resolve(name), outside);
        Files.createSymbolicLink(folder.resolve(name), outside);
    }

    /** Replaces a file and its checksum, as somebody would who builds a bundle by hand. */
    void replace(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
        manifest(manifest -> ((ObjectNode) manifest.get("files").get(name))
                .put("bytes", bytes.length)
                .put("sha256", sha256(bytes)));
    }

    void replace(String name, String text) throws IOException {
        replace(name, text.getBytes(StandardCharsets.UTF_8));
    }

    void replace(String name, Path by) throws IOException {
        replace(name, Files.readAllBytes(by));
    }

    /** Replaces bytes wherever they stand in the graph by as many others. */
    void graph(String from, String to) throws IOException {
        String latin = Files.readString(folder.resolve("model.onnx"), StandardCharsets.ISO_8859_1);
        replace("model.onnx", latin.replace(from, to).getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Replaces the graph by one that ONNX Runtime loads, see Python's {@code make_test_bundles.py}. */
    void wrongGraph(String name) throws IOException {
        replace("model.onnx", TestFiles.RESOURCES.resolve("wrong-graphs").resolve(name + ".onnx"));
    }

    /** Replaces the manifest by any text. */
    void manifest(String text) throws IOException {
        Files.writeString(folder.resolve("manifest.json"), text);
    }

    void manifest(Consumer<ObjectNode> change) throws IOException {
        Path path = folder.resolve("manifest.json");
        ObjectNode manifest = (ObjectNode) JSON.readTree(path.toFile());
        change.accept(manifest);
        Files.write(path, JSON.writeValueAsBytes(manifest));
    }

    /** Leaves one golden input, changed. */
    void golden(Consumer<ObjectNode> change) throws IOException {
        ObjectNode golden = (ObjectNode)
                JSON.readTree(Files.readAllLines(folder.resolve("golden.jsonl")).get(0));
        change.accept(golden);
        replace("golden.jsonl", JSON.writeValueAsBytes(golden));
    }

    static ObjectNode object(JsonNode node, String... path) {
        return (ObjectNode) at(node, path);
    }

    static ArrayNode array(JsonNode node, String... path) {
        return (ArrayNode) at(node, path);
    }

    private static JsonNode at(JsonNode node, String... path) {
        JsonNode found = node;
        for (String name : path) {
            found = found.isArray() ? found.get(Integer.parseInt(name)) : found.get(name);
        }
        return found;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
