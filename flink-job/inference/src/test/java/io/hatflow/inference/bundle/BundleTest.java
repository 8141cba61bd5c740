package io.hatflow.inference.bundle;

import static io.hatflow.inference.bundle.DamagedBundle.object;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.TestFiles;
import io.hatflow.inference.bundle.Manifest.Architecture;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.task.WindowHead;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong with a bundle is said at open, all at once; each thing that can be wrong is in {@link WrongBundlesTest}. */
class BundleTest {

    private final DamagedBundle bundle;

    BundleTest(@TempDir Path folder) throws IOException {
        this.bundle = new DamagedBundle(TestFiles.TINY_SEGMENTS, folder.resolve("bundle"));
    }

    @Test
    void aGoodBundleOpens() {
        Bundle opened = Bundle.open(bundle.folder());
        assertThat(opened.manifest().name()).isEqualTo("tiny-segments");
        assertThat(opened.info().labels()).hasSize(4);
        assertThat(opened.info().digest()).matches("[0-9a-f]{64}");
        assertThat(opened.goldenCases()).isNotEmpty();
        DocumentClassifier.open(bundle.folder(), ClassifierSettings.defaults()).close();
    }

    @Test
    void aBundleOfLinksWithinItsFolderOpens() throws IOException {
        // As Kubernetes mounts files.
        Path data = Files.createDirectory(bundle.folder().resolve("..data"));
        for (String name : new String[] {"manifest.json", "model.onnx", "golden.jsonl"}) {
            Path file = bundle.folder().resolve(name);
            Files.move(file, data.resolve(name));
            Files.createSymbolicLink(file, Path.of("..data", name));
        }
        assertThat(Bundle.open(bundle.folder()).manifest().name()).isEqualTo("tiny-segments");
    }

    @Test
    void everyDamagedFileIsNamed() throws IOException {
        bundle.delete("README.md");
        bundle.flip("tokenizer.json");
        bundle.cut("model.onnx");
        assertRefused(
                "README.md is missing",
                "tokenizer.json has SHA-256",
                "model.onnx has " + Files.size(bundle.folder().resolve("model.onnx")) + " bytes");
    }

    @Test
    void allViolationsOfTheSchemaAreListed() throws IOException {
        bundle.manifest(manifest -> {
            manifest.remove("name");
            manifest.put("problem_type", "clustering");
            object(manifest, "segmentation").put("segment_length", 1);
        });
        assertRefused("'name'", "problem_type", "segment_length");
    }

    @Test
    void whatFollowsFromTheTaskIsNotAskedForWhereThereIsNone() throws IOException {
        bundle.manifest(manifest -> manifest.remove("task"));
        assertThatThrownBy(() -> Bundle.open(bundle.folder()))
                .isInstanceOfSatisfying(BundleException.class, e -> assertThat(e.problems())
                        .containsExactly("manifest.json: required property 'task' not found"));
    }

    @Test
    void aFormatOfTheFutureIsRefusedWithoutFurtherComplaints() throws IOException {
        bundle.manifest(manifest -> {
            manifest.put("format_version", "2.0");
            manifest.remove("labels");
        });
        assertThatThrownBy(() -> Bundle.open(bundle.folder()))
                .isInstanceOfSatisfying(
                        BundleException.class, e -> assertThat(e.problems()).hasSize(1));
    }

    @Test
    void allContradictionsAreListed() throws IOException {
        bundle.manifest(manifest -> {
            object(manifest, "segmentation").put("window_overlap", 6);
            object(manifest, "labels", "1").put("name", "payment");
        });
        assertRefused("window_overlap is 6", "label 'payment' is listed 2 times");
    }

    @Test
    void anArchitectureOfTheFutureIsRefusedWithoutFurtherComplaints() throws IOException {
        bundle.manifest(manifest -> {
            manifest.put("architecture", "longformer");
            manifest.remove("segmentation");
        });
        assertThatThrownBy(() -> Bundle.open(bundle.folder()))
                .isInstanceOfSatisfying(
                        BundleException.class,
                        e -> assertThat(e.problems())
                                .containsExactly(
                                        "manifest.json at /architecture is \"longformer\": does not have a value in the enumeration [\"hat\", \"encoder\", \"hourglass\"]"));
    }

    @Test
    void bundlesOfBothArchitecturesAreRead() {
        Manifest language = Bundle.open(TestFiles.TINY_LANGUAGE).manifest();
        assertThat(language.architecture()).isEqualTo(Architecture.HOURGLASS);
        assertThat(language.task()).isEqualTo(Task.LANGUAGE_MODEL);
        assertThat(language.windows()).isEqualTo(new Manifest.SymbolWindows(48, 24, 0));
        assertThat(language.scoresFirstSymbol()).isTrue();
        assertThat(language.labels())
                .containsExactly(new Manifest.Label("garbled", 1), new Manifest.Label("garbled-passage", 1));
        assertThat(Bundle.open(TestFiles.bundle("tiny-language-gaps"))
                        .manifest()
                        .windows())
                .isEqualTo(new Manifest.SymbolWindows(48, 0, 30));
        assertThat(language.shortening().countsInDocument()).isFalse();
        Manifest fixed = Bundle.open(TestFiles.bundle("tiny-language-fixed")).manifest();
        assertThat(fixed.symbols().vocabulary()).hasSize(27);
        assertThat(fixed.scoresFirstSymbol()).isFalse();
        assertThat(fixed.shortening().countsInDocument()).isTrue();
        Manifest bytes = Bundle.open(TestFiles.TINY_BYTES).manifest();
        assertThat(bytes.head()).isInstanceOf(WindowHead.class);
        assertThat(bytes.labels()).hasSize(3);
    }

    private void assertRefused(String... problems) {
        assertThatThrownBy(() -> Bundle.open(bundle.folder()))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining(bundle.folder().toString())
                .hasMessageContainingAll(problems);
    }
}
