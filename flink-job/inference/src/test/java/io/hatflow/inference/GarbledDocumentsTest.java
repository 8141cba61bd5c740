package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.Likelihood.Passage;
import io.hatflow.inference.Rejection.Reason;
import io.hatflow.inference.bundle.Bundle;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.onnx.Device;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A language model answers as a classifier does. {@code tiny-quality} knows which letters follow which in English. */
@Timeout(120)
class GarbledDocumentsTest {

    private static final float TOLERANCE = 1e-4f;
    private static final String CLEAN = "The parties agree that each of them shall pay its own costs. ".repeat(40);
    private static final int WINDOW = 128;

    private static String noise(int characters) {
        byte[] bytes = new byte[characters];
        new Random(5).nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes).substring(0, characters);
    }

    @Test
    void cleanTextHasNeitherLabel() throws Exception {
        try (DocumentClassifier classifier = open("tiny-quality", LongDocuments.WINDOW, 3)) {
            assertThat(classifier.bundle().labels()).containsExactly("garbled", "garbled-passage");
            Classification clean = (Classification) classifier.classify(CLEAN).get();
            LabelScore garbled = clean.labels().get(0);
            LabelScore passage = clean.labels().get(1);
            assertThat(garbled.label()).isEqualTo("garbled");
            assertThat(clean.bitsPerByte()).isBetween(2.0, 5.0);
            assertThat(garbled.score()).isBetween(0f, 0.1f);
            assertThat(passage.score()).isBetween(garbled.score(), 0.2f);
            assertThat(clean.labels()).noneMatch(LabelScore::aboveThreshold);
            // Of an absent label the worst passage alone.
            assertThat(garbled.evidence()).hasSize(1).isEqualTo(passage.evidence());
            assertThat(passage.evidence().get(0).score()).isEqualTo(passage.score());
        }
    }

    @Test
    void aGarbledMiddleIsFoundWithItsPlace() throws Exception {
        String text = CLEAN.substring(0, 1_000) + noise(600) + CLEAN.substring(1_000);
        try (DocumentClassifier classifier = open("tiny-quality", LongDocuments.WINDOW, 2)) {
            Classification answer = (Classification) classifier.classify(text).get();
            LabelScore garbled = answer.labels().get(0);
            LabelScore passage = answer.labels().get(1);
            assertThat(garbled.aboveThreshold()).isFalse();
            assertThat(passage.aboveThreshold()).isTrue();
            assertThat(passage.evidence()).hasSize(2).allSatisfy(evidence -> {
                assertThat(evidence.start()).isGreaterThanOrEqualTo(1_000);
                assertThat(evidence.end()).isLessThanOrEqualTo(1_600);
                assertThat(evidence.end() - evidence.start()).isEqualTo(WINDOW);
                assertThat(evidence.start()).isEqualTo(evidence.segment() * 2 * WINDOW);
                assertThat(evidence.score()).isGreaterThan(2);
                assertThat(evidence.bitsPerByte()).isGreaterThan(8);
            });
            assertThat(passage.evidence().get(0).score())
                    .isEqualTo(passage.score())
                    .isGreaterThanOrEqualTo(passage.evidence().get(1).score());
        }
        try (DocumentClassifier classifier = open("tiny-quality", LongDocuments.WINDOW, 9)) {
            Classification answer = (Classification) classifier.classify(text).get();
            // Clean passages are not evidence.
            assertThat(answer.labels().get(1).evidence())
                    .hasSizeBetween(2, 3)
                    .allSatisfy(evidence -> assertThat(evidence.score()).isGreaterThanOrEqualTo(1.5f));
        }
    }

    @Test
    void aTextOfNoiseHasBothLabels() throws Exception {
        try (DocumentClassifier classifier = open("tiny-quality", LongDocuments.WINDOW, 3)) {
            Classification answer =
                    (Classification) classifier.classify(noise(3_000)).get();
            assertThat(answer.labels()).allMatch(LabelScore::aboveThreshold);
            assertThat(answer.labels().get(0).evidence())
                    .hasSize(3)
                    .isEqualTo(answer.labels().get(1).evidence());
        }
    }

    @Test
    void theShareThatWasSeenIsSaid() throws Exception {
        try (DocumentClassifier classifier = open("tiny-quality", LongDocuments.WINDOW, 3)) {
            Classification sampled = (Classification)
                    classifier.classify(CLEAN.substring(0, 1_280)).get();
            assertThat(sampled.coverage()).isEqualTo(Coverage.SAMPLED);
            assertThat(sampled.tokensTotal()).isEqualTo(1_280);
            // The last of six windows is moved back, to the end of the fifth.
            assertThat(sampled.windows()).isEqualTo(6);
            assertThat(sampled.segments()).isEqualTo(6);
            assertThat(sampled.tokensSeen()).isEqualTo(6 * WINDOW);
            Classification windowed = (Classification)
                    classifier.classify(CLEAN.substring(0, 200)).get();
            assertThat(windowed.coverage()).isEqualTo(Coverage.WINDOWED);
            assertThat(windowed.tokensSeen()).isEqualTo(200);
            Classification complete = (Classification)
                    classifier.classify(CLEAN.substring(0, WINDOW)).get();
            assertThat(complete.coverage()).isEqualTo(Coverage.COMPLETE);
        }
    }

    @Test
    void aLongDocumentIsTruncatedOrRejectedAsSet() throws Exception {
        try (DocumentClassifier classifier = open("tiny-quality", LongDocuments.TRUNCATE, 3)) {
            Classification truncated = (Classification)
                    classifier.classify(CLEAN.substring(0, WINDOW) + noise(500)).get();
            assertThat(truncated.coverage()).isEqualTo(Coverage.TRUNCATED);
            assertThat(truncated.tokensSeen()).isEqualTo(WINDOW);
            assertThat(truncated.tokensTotal()).isEqualTo(WINDOW + 500);
            assertThat(truncated.labels()).noneMatch(LabelScore::aboveThreshold);
        }
        try (DocumentClassifier classifier = open("tiny-quality", LongDocuments.REJECT, 3)) {
            assertThat(classifier.classify(CLEAN).get())
                    .isInstanceOfSatisfying(Rejection.class, rejection -> assertThat(rejection.reason())
                            .isEqualTo(Reason.TOO_MANY_SEGMENTS));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tiny-language",
                "tiny-language-fixed",
                "tiny-language-gaps",
                "tiny-language-int8",
                "tiny-quality"
            })
    void scoresAreTheLanguageModelsAloneAndInAnyBatch(String name) throws Exception {
        Bundle bundle = Bundle.open(TestFiles.bundle(name));
        List<Likelihood> alone = new ArrayList<>();
        LanguageModelSettings settings = new LanguageModelSettings(100_000, 3, 500, model());
        try (LanguageModel model = LanguageModel.open(bundle.folder(), settings)) {
            for (GoldenCase golden : bundle.goldenCases()) {
                alone.add((Likelihood) model.score(golden.text()).get());
            }
        }
        List<Integer> shuffled = new ArrayList<>();
        for (int i = 0; i < alone.size(); i++) {
            shuffled.addAll(Collections.nCopies(20, i));
        }
        Collections.shuffle(shuffled, new Random(3));
        try (DocumentClassifier classifier = open(name, LongDocuments.WINDOW, 3)) {
            List<CompletableFuture<Outcome>> together = shuffled.stream()
                    .map(i -> classifier.classify(bundle.goldenCases().get(i).text()))
                    .toList();
            for (int i = 0; i < together.size(); i++) {
                assertSame(
                        (Classification) together.get(i).get(),
                        alone.get(shuffled.get(i)),
                        bundle.goldenCases().get(shuffled.get(i)));
            }
        }
    }

    private static void assertSame(Classification answer, Likelihood likelihood, GoldenCase golden) {
        assertThat(answer.coverage()).isEqualTo(likelihood.coverage());
        assertThat(answer.windows()).isEqualTo(likelihood.windows());
        assertThat(answer.tokensTotal()).isEqualTo(golden.symbols().length);
        assertThat(answer.tokensSeen()).isEqualTo(likelihood.bytesSeen());
        assertThat(answer.bitsPerByte()).isCloseTo(likelihood.bitsPerByte(), within((double) TOLERANCE));
        assertThat((double) answer.labels().get(0).score())
                .isCloseTo(likelihood.surprise(), within((double) TOLERANCE));
        Passage worst = likelihood.worst().get(0);
        Evidence evidence = answer.labels().get(1).evidence().get(0);
        assertThat((double) answer.labels().get(1).score()).isCloseTo(worst.surprise(), within((double) TOLERANCE));
        assertThat(evidence.bitsPerByte()).isCloseTo((float) worst.bitsPerByte(), within(TOLERANCE));
        assertThat(evidence.start()).isEqualTo(worst.start());
        assertThat(evidence.end()).isEqualTo(worst.end());
        assertThat(evidence.segment()).isEqualTo(worst.window());
    }

    @Test
    void whatHoldsNothingIsRejected() throws Exception {
        try (DocumentClassifier bytes = open("tiny-quality", LongDocuments.WINDOW, 3)) {
            assertThat(bytes.classify(" \n").get())
                    .isInstanceOfSatisfying(Rejection.class, rejection -> assertThat(rejection.reason())
                            .isEqualTo(Reason.EMPTY_TEXT));
            assertThat(bytes.classify("a").get()).isInstanceOf(Classification.class);
        }
        try (DocumentClassifier characters = open("tiny-language-gaps", LongDocuments.WINDOW, 3)) {
            assertThat(characters.classify("a").get())
                    .isInstanceOfSatisfying(Rejection.class, rejection -> assertThat(rejection.reason())
                            .isEqualTo(Reason.NO_TOKENS));
            assertThat(characters.classify("a fee of 3").get())
                    .isInstanceOfSatisfying(Rejection.class, rejection -> assertThat(rejection.reason())
                            .isEqualTo(Reason.UNKNOWN_CHARACTER));
        }
    }

    private static DocumentClassifier open(String name, LongDocuments longDocuments, int evidence) {
        return DocumentClassifier.open(
                TestFiles.bundle(name), new ClassifierSettings(longDocuments, 100_000, evidence, model()));
    }

    private static ModelSettings model() {
        return new ModelSettings(new BatchSize.Fixed(16), Duration.ofMinutes(5), Device.CPU, 1);
    }
}
