package io.hatflow.inference.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.TestFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A bundle that does not keep what it promises is refused at open, with all that is wrong. */
class BundleTest {

    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;

    BundleTest(@TempDir Path folder) {
        this.folder = TestFiles.copyOf(TestFiles.TINY_SEGMENTS, folder);
    }

    @Test
    void aGoodBundleOpens() {
        Bundle bundle = Bundle.open(folder);
        assertThat(bundle.manifest().name()).isEqualTo("tiny-segments");
        assertThat(bundle.info().labels()).hasSize(4);
        assertThat(bundle.info().digest()).matches("[0-9a-f]{64}");
        assertThat(bundle.goldenCases()).isNotEmpty();
        open().close();
    }

    @Test
    void aFolderThatIsNoBundleIsRefused() {
        assertRefused(folder.resolve("absent"), "there is no such folder");
        assertRefused(TestFiles.RESOURCES, "it has no manifest.json");
    }

    @Test
    void everyDamagedFileIsNamed() throws IOException {
        Files.delete(folder.resolve("README.md"));
        byte[] tokenizer = Files.readAllBytes(folder.resolve("tokenizer.json"));
        tokenizer[tokenizer.length / 2] ^= 1;
        Files.write(folder.resolve("tokenizer.json"), tokenizer);
        byte[] model = Files.readAllBytes(folder.resolve("model.onnx"));
        Files.write(folder.resolve("model.onnx"), Arrays.copyOf(model, model.length - 1));
        assertRefused(
                folder,
                "README.md is missing",
                "tokenizer.json has SHA-256",
                "model.onnx has " + (model.length - 1) + " bytes");
    }

    @Test
    void aManifestThatIsNoJsonIsRefused() throws IOException {
        Files.writeString(folder.resolve("manifest.json"), "{\"format_version\": ");
        assertRefused(folder, "manifest.json is no JSON");
    }

    @Test
    void aFormatOfTheFutureIsRefusedWithoutFurtherComplaints() throws IOException {
        editManifest(manifest -> {
            manifest.put("format_version", "2.0");
            manifest.remove("labels");
        });
        assertThatThrownBy(() -> Bundle.open(folder))
                .isInstanceOfSatisfying(BundleException.class, e -> assertThat(e.problems())
                        .hasSize(1)
                        .first()
                        .asString()
                        .contains("format_version is 2.0", "this release reads 1.x"));
    }

    @Test
    void allViolationsOfTheSchemaAreListed() throws IOException {
        editManifest(manifest -> {
            manifest.remove("task");
            manifest.put("problem_type", "clustering");
            ((ObjectNode) manifest.get("segmentation")).put("segment_length", 1);
        });
        assertRefused(folder, "task", "problem_type", "segment_length");
    }

    @Test
    void contradictionsThatTheSchemaCannotSeeAreListed() throws IOException {
        editManifest(manifest -> {
            ((ObjectNode) manifest.get("segmentation")).put("window_overlap", 6);
            manifest.put("architecture", "hourglass");
            ((ArrayNode) manifest.get("labels"))
                    .add(manifest.get("labels").get(0).deepCopy());
        });
        assertRefused(
                folder, "window_overlap is 6, expected less than max_segments", "runs hat alone", "is listed 2 times");
    }

    @Test
    void aGraphThatDoesNotMatchItsManifestIsRefused() throws IOException {
        editManifest(manifest -> ((ObjectNode) manifest.get("segmentation")).put("segment_length", 17));
        assertThatThrownBy(this::open)
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("model.onnx input is input_ids int64[S, 16], expected input_ids int64[S, 17]")
                .hasMessageContaining("attention_mask");
    }

    @Test
    void aDocumentGraphIsRefusedWhereSegmentsArePromised() throws IOException {
        replace(
                "model.onnx",
                Files.readAllBytes(TestFiles.FIXTURES.resolve("sentcls").resolve("model.onnx")));
        editManifest(manifest -> manifest.put("task", "document-classification").put("pooling", "max"));
        assertThatThrownBy(this::open)
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("output logits is missing");
    }

    @Test
    void aFileThatIsNoGraphIsRefused() throws IOException {
        replace("model.onnx", "no graph".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(this::open)
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("ONNX Runtime cannot load");
    }

    @Test
    void goldenScoresThatThisMachineDoesNotReproduceRefuseTheBundle() throws IOException {
        editGolden(golden -> ((ArrayNode) golden.get("scores"))
                .set(0, golden.get("scores").get(0).floatValue() + 0.01f));
        assertThatThrownBy(this::open)
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("its scores differ from the exporter's by up to 0.01");
    }

    @Test
    void goldenTokensAndSegmentsThatDifferRefuseTheBundle() throws IOException {
        editGolden(golden -> ((ArrayNode) golden.get("token_ids")).set(0, 3));
        assertThatThrownBy(this::open).hasMessageContaining("its token ids differ");
        copyAgain();
        editGolden(golden -> ((ArrayNode) golden.get("token_offsets").get(0)).set(1, 99));
        assertThatThrownBy(this::open).hasMessageContaining("its token offsets differ");
        copyAgain();
        editGolden(golden -> ((ArrayNode) golden.get("segments").get(0)).set(1, 99));
        assertThatThrownBy(this::open).hasMessageContaining("its segments differ");
    }

    @Test
    void aBundleWithoutGoldenInputsIsNotTrusted() throws IOException {
        replace("golden.jsonl", new byte[0]);
        assertRefused(folder, "golden.jsonl is empty");
    }

    private DocumentClassifier open() {
        return DocumentClassifier.open(folder, ClassifierSettings.defaults());
    }

    private void copyAgain() throws IOException {
        for (String file : List.of("golden.jsonl", "manifest.json")) {
            Files.write(folder.resolve(file), Files.readAllBytes(TestFiles.TINY_SEGMENTS.resolve(file)));
        }
    }

    private static void assertRefused(Path bundle, String... problems) {
        assertThatThrownBy(() -> Bundle.open(bundle))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining(bundle.toString())
                .hasMessageContainingAll(problems);
    }

    private void editManifest(Consumer<ObjectNode> change) throws IOException {
        Path path = folder.resolve("manifest.json");
        ObjectNode manifest = (ObjectNode) JSON.readTree(path.toFile());
        change.accept(manifest);
        Files.write(path, JSON.writeValueAsBytes(manifest));
    }

    private void editGolden(Consumer<ObjectNode> change) throws IOException {
        ObjectNode golden = (ObjectNode)
                JSON.readTree(Files.readAllLines(folder.resolve("golden.jsonl")).get(0));
        change.accept(golden);
        replace("golden.jsonl", JSON.writeValueAsBytes(golden));
    }

    /** Replaces a file and its checksum, as somebody would who builds a bundle by hand. */
    private void replace(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
        editManifest(manifest -> ((ObjectNode) manifest.get("files").get(name))
                .put("bytes", bytes.length)
                .put("sha256", sha256(bytes)));
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
