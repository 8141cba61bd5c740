package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.inference.bundle.Bundle;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.onnx.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bundles whose head has no labels: multiple choice, masked LM, document vectors. */
@Timeout(120)
class TasksWithoutLabelsTest {

    private static final JsonMapper JSON = new JsonMapper();
    private static final Path BUNDLES = TestFiles.RESOURCES.resolve("bundles");
    private static final Path CHOICES = BUNDLES.resolve("tiny-choices");
    private static final Path VECTORS = BUNDLES.resolve("tiny-vectors");
    private static final ModelSettings SETTINGS =
            new ModelSettings(new BatchSize.Fixed(16), Duration.ofMinutes(5), Device.CPU, 1);

    @ParameterizedTest
    @CsvSource({"tiny-choices, scores", "tiny-tokens, token_logits", "tiny-vectors, embedding"})
    void goldenInputsAreReplayedAtOpen(String name, String answer, @TempDir Path folder) throws Exception {
        TestFiles.copyOf(BUNDLES.resolve(name), folder);
        LoadedModel.open(folder, SETTINGS, EnumSet.allOf(Task.class)).close();

        editGolden(folder, golden -> {
            ArrayNode row = (ArrayNode) golden.get(answer);
            row = row.get(0).isArray() ? (ArrayNode) row.get(0) : row;
            row.set(0, row.get(0).floatValue() + 0.02f);
        });
        assertThatThrownBy(() -> LoadedModel.open(folder, SETTINGS, EnumSet.allOf(Task.class)))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("its scores differ from the exporter's by up to 0.0");

        editGolden(folder, golden -> golden.remove(answer));
        assertThatThrownBy(() -> LoadedModel.open(folder, SETTINGS, EnumSet.allOf(Task.class)))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("golden.jsonl line 1 has 0 scores, expected what a model for");
    }

    @ParameterizedTest
    @CsvSource({"tiny-choices, multiple-choice", "tiny-tokens, masked-lm", "tiny-vectors, embedding"})
    void aClassifierRefusesThem(String name, String task) {
        assertThatThrownBy(() -> DocumentClassifier.open(BUNDLES.resolve(name), ClassifierSettings.defaults()))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining(
                        "its task is " + task
                                + ", expected document-classification or segment-classification or token-classification or language-model; give the folder of a bundle");
    }

    @Test
    void aGraphOfAnotherTaskIsRefused(@TempDir Path folder) throws Exception {
        TestFiles.copyOf(CHOICES, folder);
        replace(folder, "model.onnx", Files.readAllBytes(VECTORS.resolve("model.onnx")));
        assertThatThrownBy(() -> MultipleChoice.open(folder, SETTINGS))
                .hasMessageContaining("model.onnx output logits is missing, expected logits float32[B, 1]")
                .hasMessageContaining("model.onnx output segment_logits is missing");
    }

    @Test
    void labelsHaveNoPlaceInSuchAManifest(@TempDir Path folder) throws Exception {
        TestFiles.copyOf(VECTORS, folder);
        ObjectNode manifest = (ObjectNode) TestFiles.json(folder.resolve("manifest.json"));
        manifest.put("problem_type", "regression");
        Files.write(folder.resolve("manifest.json"), JSON.writeValueAsBytes(manifest));
        assertThatThrownBy(() -> Bundle.open(folder)).hasMessageContaining("manifest.json at /problem_type");
    }

    @Test
    void vectorsDoNotDependOnTheNeighboursInABatch() throws Exception {
        List<GoldenCase> goldenCases = Bundle.open(VECTORS).goldenCases();
        try (DocumentEmbedder embedder = DocumentEmbedder.open(VECTORS, SETTINGS, 10_000, null)) {
            List<GoldenCase> shuffled = new ArrayList<>();
            Collections.nCopies(10, goldenCases).forEach(shuffled::addAll);
            Collections.shuffle(shuffled, new Random(3));
            List<CompletableFuture<Outcome>> vectors = shuffled.stream()
                    .map(golden -> embedder.embed(golden.text()))
                    .toList();
            for (int i = 0; i < shuffled.size(); i++) {
                Embedding embedding = (Embedding) vectors.get(i).get();
                assertThat(embedding.vector()).containsExactly(shuffled.get(i).embedding(), within(1e-4f));
            }
            assertThat(embedder.bundle().name()).isEqualTo("tiny-vectors");
        }
    }

    @ParameterizedTest
    @CsvSource({"' ', EMPTY_TEXT", "\u00AD, NO_TOKENS", "more than ten, TEXT_TOO_LONG"})
    void aTextWithoutAVectorIsRejected(String text, Rejection.Reason reason) throws Exception {
        try (DocumentEmbedder embedder = DocumentEmbedder.open(VECTORS, SETTINGS, 10, null)) {
            Rejection rejection = (Rejection) embedder.embed(text).get();
            assertThat(rejection.reason()).isEqualTo(reason);
        }
    }

    @Test
    void choicesShareOneByTheirLogits() throws Exception {
        List<GoldenCase> goldenCases = Bundle.open(CHOICES).goldenCases();
        try (MultipleChoice choice = MultipleChoice.open(CHOICES, SETTINGS)) {
            float[] shares = choice.choose(
                            goldenCases.stream().map(GoldenCase::text).toList())
                    .get();
            double sum = goldenCases.stream()
                    .mapToDouble(golden -> Math.exp(golden.scores()[0]))
                    .sum();
            for (int i = 0; i < shares.length; i++) {
                double expected = Math.exp(goldenCases.get(i).scores()[0]) / sum;
                assertThat((double) shares[i]).isCloseTo(expected, within(1e-4));
            }
            assertThatThrownBy(() -> choice.choose(List.of("one")))
                    .hasMessageContaining("has 1 texts, expected at least 2");
            assertThatThrownBy(() -> choice.choose(List.of("one", ""))).hasMessageContaining("finds no token");
        }
    }

    private interface Edit {
        void apply(ObjectNode golden);
    }

    private static void editGolden(Path folder, Edit edit) throws Exception {
        List<String> lines = Files.readAllLines(folder.resolve("golden.jsonl"));
        ObjectNode golden = (ObjectNode) JSON.readTree(lines.get(0));
        edit.apply(golden);
        replace(folder, "golden.jsonl", JSON.writeValueAsBytes(golden));
    }

    /** Replaces a file and its checksum, as somebody would who builds a bundle by hand. */
    private static void replace(Path folder, String name, byte[] bytes) throws Exception {
        Files.write(folder.resolve(name), bytes);
        ObjectNode manifest = (ObjectNode) TestFiles.json(folder.resolve("manifest.json"));
        ((ObjectNode) manifest.get("files").get(name))
                .put("bytes", bytes.length)
                .put(
                        "sha256",
                        HexFormat.of()
                                .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
        Files.write(folder.resolve("manifest.json"), JSON.writeValueAsBytes(manifest));
    }
}
