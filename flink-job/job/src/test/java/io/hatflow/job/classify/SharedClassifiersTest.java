package io.hatflow.job.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.events.Document;
import io.hatflow.inference.Classification;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.onnx.DeviceException;
import io.hatflow.job.TinyBundle;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Over the real classifier with a tiny bundle. */
class SharedClassifiersTest {

    private final ClassifySettings settings = TinyBundle.settings();

    private static Document document(String text) {
        return Document.newBuilder().setId("d").setText(text).build();
    }

    @AfterEach
    void nothingIsLeftOpen() {
        assertThat(SharedClassifiers.open()).isZero();
    }

    @Test
    void oneClassifierServesAllWhoAskForTheSame() throws Exception {
        try (LeasedClassifier first = SharedClassifiers.lease(settings);
                LeasedClassifier second = SharedClassifiers.lease(settings)) {
            assertThat(SharedClassifiers.open()).isEqualTo(1);
            first.release().run();
            first.release().run();

            assertThat(second.classifier()
                            .classify(document("Still open."), false)
                            .get(30, TimeUnit.SECONDS))
                    .isInstanceOf(Classification.class);
        }
    }

    /** As it has failed once nothing answers behind it. */
    @Test
    void oneThatHasFailedIsNotLeasedAgain() throws Exception {
        try (LeasedClassifier failed = SharedClassifiers.lease(settings)) {
            Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals("hatflow-inference"))
                    .forEach(Thread::interrupt);
            Awaitility.await().until(() -> failed.classifier()
                    .classify(document("Fails."), false)
                    .isCompletedExceptionally());

            try (LeasedClassifier other = SharedClassifiers.lease(settings)) {
                assertThat(SharedClassifiers.open()).isEqualTo(1);
                failed.release().run();

                assertThat(other.classifier()
                                .classify(document("It works."), false)
                                .get(30, TimeUnit.SECONDS))
                        .isInstanceOf(Classification.class);
            }
        }
    }

    /** As Flink's main thread does when it lets go of a job, while the model's threads work on long documents. */
    @Test
    void givingBackTheLastLeaseWaitsForNothing() throws Exception {
        for (int round = 0; round < 5; round++) {
            LeasedClassifier leased = SharedClassifiers.lease(settings);
            List<CompletableFuture<Integer>> answers = IntStream.range(0, 4)
                    .mapToObj(i -> leased.classifier().classify(document("A long text. ".repeat(2_000)), false))
                    // Who hears of an answer may lease or give back.
                    .map(answer -> answer.handle((outcome, failure) -> SharedClassifiers.open()))
                    .toList();
            leased.release().run();
            assertThat(SharedClassifiers.open()).isZero();
            Awaitility.await().until(() -> answers.stream().allMatch(CompletableFuture::isDone));
        }
    }

    @Test
    void otherSettingsGetAnotherClassifier() {
        try (LeasedClassifier one = SharedClassifiers.lease(settings);
                LeasedClassifier other = SharedClassifiers.lease(TinyBundle.settings("--model.batch-segments=1"))) {
            assertThat(SharedClassifiers.open()).isEqualTo(2);
            assertThat(one.bundle()).isEqualTo(other.bundle());
        }
    }

    @Test
    void aBundleThatIsRefusedLeavesNothingOpen() {
        assertThatThrownBy(() -> SharedClassifiers.lease(TinyBundle.settings("--model.bundle=/nowhere")))
                .isInstanceOf(BundleException.class);
    }

    @Test
    void aDeviceThatCannotBeUsedLeavesNothingOpen() {
        assertThatThrownBy(() -> SharedClassifiers.lease(TinyBundle.settings("--model.device=cuda:0")))
                .isInstanceOf(DeviceException.class);
    }

    @ParameterizedTest
    @CsvSource({"tiny-choices, multiple-choice", "tiny-tokens, masked-lm", "tiny-vectors, embedding"})
    void aBundleThatGivesNoLabelsIsRefused(String name, String task) {
        String bundle = "--model.bundle=" + TinyBundle.PATH.resolveSibling(name);
        assertThatThrownBy(() -> SharedClassifiers.lease(TinyBundle.settings(bundle)))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining(
                        "its task is " + task + ", expected document-classification or segment-classification");
    }
}
