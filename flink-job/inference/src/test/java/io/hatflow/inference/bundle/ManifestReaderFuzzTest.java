package io.hatflow.inference.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hatflow.inference.hat.PackedGraph;
import io.hatflow.inference.hourglass.SymbolGraph;
import java.nio.file.Path;
import java.util.List;

/** Whatever a manifest holds, it is read or refused; {@code flink-job/fuzz.sh} searches for one that is neither. */
class ManifestReaderFuzzTest {

    private static final Path FOLDER = Path.of("bundle");

    @FuzzTest
    void everyManifestIsReadOrRefused(byte[] bytes) {
        Manifest manifest;
        try {
            manifest = ManifestReader.read(FOLDER, bytes);
        } catch (BundleException refusal) {
            assertThat(refusal.problems()).isNotEmpty().allSatisfy(problem -> assertThat(problem)
                    .isNotBlank());
            return;
        }
        Manifest.Graph contract =
                switch (manifest.architecture()) {
                    case HAT, ENCODER -> {
                        Manifest.Segmentation segmentation = manifest.segmentation();
                        assertThat(segmentation.segmentLength()).isGreaterThanOrEqualTo(2);
                        assertThat(segmentation.windowOverlap()).isBetween(0, segmentation.maxSegments() - 1);
                        assertThat(manifest.files()).containsKey("tokenizer.json");
                        yield PackedGraph.contract(manifest);
                    }
                    case HOURGLASS -> {
                        assertThat(manifest.windows().overlap())
                                .isBetween(0, manifest.windows().length() - 1);
                        assertThat(manifest.windows().gap()).isNotNegative();
                        assertThat(manifest.symbols().vocabulary()).doesNotHaveDuplicates();
                        assertThat(manifest.symbols().alphabet()).isNotNull();
                        yield SymbolGraph.contract(manifest);
                    }
                };
        assertThat(manifest.labels()).doesNotHaveDuplicates().allSatisfy(label -> assertThat(label.threshold())
                .isFinite());
        assertThat(manifest.files()).containsKeys("model.onnx", "golden.jsonl", "README.md");
        assertThat(manifest.files().keySet())
                .allSatisfy(name ->
                        assertThat(FOLDER.resolve(name).normalize().getParent()).isEqualTo(FOLDER));
        // No graph fits, and saying so must work for every manifest.
        Manifest.Graph none = new Manifest.Graph(List.of(), List.of());
        assertThat(GraphContract.problems(contract, manifest.graph(), none)).isNotEmpty();
    }
}
