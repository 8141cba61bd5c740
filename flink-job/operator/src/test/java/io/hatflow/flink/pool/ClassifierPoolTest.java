package io.hatflow.flink.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.flink.Bundles;
import io.hatflow.inference.BatchSize;
import io.hatflow.inference.Classification;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.onnx.DeviceException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.flink.util.FileUtils;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Over the real classifier with a tiny bundle. */
class ClassifierPoolTest {

    private final ClassifierOptions settings = options(Bundles.TINY, Device.AUTO, BatchSize.learned());

    private static ClassifierOptions options(Path bundle, Device device, BatchSize batchSize) {
        ClassifierOptions defaults = ClassifierOptions.defaults(bundle.toString());
        return new ClassifierOptions(
                defaults.bundle(),
                defaults.signer(),
                defaults.longDocuments(),
                defaults.maxCharacters(),
                defaults.evidencePerLabel(),
                batchSize,
                defaults.runTimeout(),
                device,
                defaults.inferenceThreads());
    }

    @AfterEach
    void nothingIsLeftOpen() {
        assertThat(ClassifierPool.open()).isZero();
    }

    @Test
    void oneClassifierServesAllWhoAskForTheSame() throws Exception {
        try (PooledClassifier first = ClassifierPool.lease(settings);
                PooledClassifier second = ClassifierPool.lease(settings)) {
            assertThat(ClassifierPool.open()).isEqualTo(1);
            first.release().run();
            first.release().run();

            assertThat(second.classifier()
                            .classify(TextInput.of("Still open."), false)
                            .get(30, TimeUnit.SECONDS))
                    .isInstanceOf(Classification.class);
        }
    }

    /** As it has failed once nothing answers behind it. */
    @Test
    void oneThatHasFailedIsNotLeasedAgain() throws Exception {
        try (PooledClassifier failed = ClassifierPool.lease(settings)) {
            Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals("hatflow-inference"))
                    .forEach(Thread::interrupt);
            Awaitility.await().until(() -> failed.classifier()
                    .classify(TextInput.of("Fails."), false)
                    .isCompletedExceptionally());

            try (PooledClassifier other = ClassifierPool.lease(settings)) {
                assertThat(ClassifierPool.open()).isEqualTo(1);
                failed.release().run();

                assertThat(other.classifier()
                                .classify(TextInput.of("It works."), false)
                                .get(30, TimeUnit.SECONDS))
                        .isInstanceOf(Classification.class);
            }
        }
    }

    /** As Flink's main thread does when it lets go of a job, while the model's threads work on long documents. */
    @Test
    void givingBackTheLastLeaseWaitsForNothing() throws Exception {
        for (int round = 0; round < 5; round++) {
            PooledClassifier leased = ClassifierPool.lease(settings);
            List<CompletableFuture<Integer>> answers = IntStream.range(0, 4)
                    .mapToObj(i -> leased.classifier().classify(TextInput.of("A long text. ".repeat(2_000)), false))
                    // Who hears of an answer may lease or give back.
                    .map(answer -> answer.handle((outcome, failure) -> ClassifierPool.open()))
                    .toList();
            leased.release().run();
            assertThat(ClassifierPool.open()).isZero();
            Awaitility.await().until(() -> answers.stream().allMatch(CompletableFuture::isDone));
        }
    }

    @Test
    void otherSettingsGetAnotherClassifier() {
        try (PooledClassifier one = ClassifierPool.lease(settings);
                PooledClassifier other =
                        ClassifierPool.lease(options(Bundles.TINY, Device.AUTO, new BatchSize.Fixed(1)))) {
            assertThat(ClassifierPool.open()).isEqualTo(2);
            assertThat(one.bundle()).isEqualTo(other.bundle());
        }
    }

    /** Where the bundle lies says nothing; what is in it does. */
    @Test
    void aBundleIsKnownByWhatItHolds(@TempDir Path folder) throws IOException {
        Path copy = folder.resolve("copy");
        copyBundle(Bundles.TINY, copy);
        try (PooledClassifier one = ClassifierPool.lease(settings);
                PooledClassifier same = ClassifierPool.lease(options(copy, Device.AUTO, BatchSize.learned()))) {
            assertThat(ClassifierPool.open()).isEqualTo(1);
            assertThat(same.bundle()).isEqualTo(one.bundle());

            FileUtils.deleteDirectory(copy.toFile());
            copyBundle(Bundles.named("tiny-segments"), copy);
            try (PooledClassifier replaced = ClassifierPool.lease(options(copy, Device.AUTO, BatchSize.learned()))) {
                assertThat(ClassifierPool.open()).isEqualTo(2);
                assertThat(replaced.bundle().digest()).isNotEqualTo(one.bundle().digest());
            }
        }
    }

    private static void copyBundle(Path from, Path to) throws IOException {
        FileUtils.copy(
                new org.apache.flink.core.fs.Path(from.toUri()), new org.apache.flink.core.fs.Path(to.toUri()), false);
    }

    @Test
    void aBundleThatIsRefusedLeavesNothingOpen() {
        assertThatThrownBy(() -> ClassifierPool.lease(options(Path.of("/nowhere"), Device.AUTO, BatchSize.learned())))
                .isInstanceOf(BundleException.class);
    }

    @Test
    void aDeviceThatCannotBeUsedLeavesNothingOpen() {
        assertThatThrownBy(
                        () -> ClassifierPool.lease(options(Bundles.TINY, Device.parse("cuda:0"), BatchSize.learned())))
                .isInstanceOf(DeviceException.class);
    }

    @Test
    void aBundleThatReadsBytesIsAskedLikeAnyOther() throws Exception {
        ClassifierOptions bytes = options(Bundles.named("tiny-bytes"), Device.AUTO, BatchSize.learned());
        try (PooledClassifier leased = ClassifierPool.lease(bytes)) {
            assertThat(leased.classifier()
                            .classify(TextInput.of("It works."), false)
                            .get(30, TimeUnit.SECONDS))
                    .isInstanceOfSatisfying(Classification.class, answer -> {
                        assertThat(answer.tokensTotal()).isEqualTo(9);
                        assertThat(answer.labels()).hasSize(3);
                    });
        }
    }

    @Test
    void aLanguageModelSaysWhetherATextIsGarbled() throws Exception {
        ClassifierOptions quality = options(Bundles.named("tiny-quality"), Device.AUTO, BatchSize.learned());
        try (PooledClassifier leased = ClassifierPool.lease(quality)) {
            assertThat(leased.bundle().task()).isEqualTo(Task.LANGUAGE_MODEL);
            assertThat(garbled(leased, "The parties agree to pay their own costs."))
                    .isFalse();
            assertThat(garbled(leased, "Q7xZ+/9kVbJ2Gq8ZxXK0WvQ4jZ7Hq9T+zJ".repeat(10)))
                    .isTrue();
        }
    }

    private static boolean garbled(PooledClassifier leased, String text) throws Exception {
        Classification answer = (Classification)
                leased.classifier().classify(TextInput.of(text), false).get(30, TimeUnit.SECONDS);
        return answer.labels().get(0).aboveThreshold();
    }

    @ParameterizedTest
    @CsvSource({"tiny-choices, multiple-choice", "tiny-tokens, masked-lm", "tiny-vectors, embedding"})
    void aBundleThatGivesNoLabelsIsRefused(String name, String task) {
        ClassifierOptions unlabelled = options(Bundles.named(name), Device.AUTO, BatchSize.learned());
        assertThatThrownBy(() -> ClassifierPool.lease(unlabelled))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining(
                        "its task is " + task
                                + ", expected document-classification or segment-classification or token-classification or language-model");
    }
}
