package io.hatflow.inference.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.hatflow.inference.hat.PackedGraph;
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
        Manifest.Segmentation segmentation = manifest.segmentation();
        assertThat(segmentation.segmentLength()).isGreaterThanOrEqualTo(2);
        assertThat(segmentation.windowOverlap()).isBetween(0, segmentation.maxSegments() - 1);
        assertThat(manifest.labels()).doesNotHaveDuplicates().allSatisfy(label -> assertThat(label.threshold())
                .isFinite());
        assertThat(manifest.files()).containsKeys("model.onnx", "tokenizer.json", "golden.jsonl", "README.md");
        assertThat(manifest.files().keySet())
                .allSatisfy(name ->
                        assertThat(FOLDER.resolve(name).normalize().getParent()).isEqualTo(FOLDER));
        // No graph fits, and saying so must work for every manifest.
        Manifest.Graph none = new Manifest.Graph(List.of(), List.of());
        assertThat(GraphContract.problems(PackedGraph.contract(manifest), manifest.graph(), none))
                .isNotEmpty();
    }
}
