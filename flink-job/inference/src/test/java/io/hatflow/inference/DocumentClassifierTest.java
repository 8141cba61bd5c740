package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.Rejection.Reason;
import io.hatflow.inference.bundle.Bundle;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.onnx.Device;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class DocumentClassifierTest {

    private static final float TOLERANCE = 1e-4f;

    @ParameterizedTest
    @ValueSource(strings = {"tiny-segments", "tiny-documents", "tiny-single", "tiny-shortened"})
    void scoresDoNotDependOnTheNeighboursInABatch(String name) throws Exception {
        Path folder = TestFiles.RESOURCES.resolve("bundles").resolve(name);
        List<GoldenCase> goldenCases = Bundle.open(folder).goldenCases();
        try (DocumentClassifier classifier = DocumentClassifier.open(folder, settings(LongDocuments.WINDOW))) {
            for (GoldenCase golden : goldenCases) {
                assertScores((Classification) classifier.classify(golden.text()).get(), golden);
            }
            List<GoldenCase> shuffled = new ArrayList<>();
            for (int copy = 0; copy < 20; copy++) {
                shuffled.addAll(goldenCases);
            }
            Collections.shuffle(shuffled, new Random(3));
            List<CompletableFuture<Outcome>> outcomes = shuffled.stream()
                    .map(golden -> classifier.classify(golden.text()))
                    .toList();
            for (int i = 0; i < outcomes.size(); i++) {
                assertScores((Classification) outcomes.get(i).get(), shuffled.get(i));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tiny-segments",
                "tiny-documents",
                "tiny-single",
                "tiny-shortened",
                "tiny-int8",
                "tiny-language-int8"
            })
    void scoresInABatchAreTheSameToTheLastBit(String name) throws Exception {
        assertScoresInABatchAreThoseOfTheDocumentAlone(name, 0);
    }

    /** Of language models in fp32 no bit is promised: docs/precision.md. */
    @ParameterizedTest
    @ValueSource(strings = {"tiny-language", "tiny-language-gaps", "tiny-quality"})
    void scoresInABatchAreThoseOfTheDocumentAlone(String name) throws Exception {
        assertScoresInABatchAreThoseOfTheDocumentAlone(name, TOLERANCE);
    }

    private static void assertScoresInABatchAreThoseOfTheDocumentAlone(String name, float tolerance) throws Exception {
        Path folder = TestFiles.bundle(name);
        Bundle bundle = Bundle.open(folder);
        try (DocumentClassifier classifier = DocumentClassifier.open(folder, settings(LongDocuments.WINDOW))) {
            List<Outcome> alone = new ArrayList<>();
            for (GoldenCase golden : bundle.goldenCases()) {
                alone.add(classifier.classify(golden.text()).get());
            }
            List<Integer> shuffled = new ArrayList<>();
            for (int copy = 0; copy < 20; copy++) {
                IntStream.range(0, alone.size()).forEach(shuffled::add);
            }
            Collections.shuffle(shuffled, new Random(4));
            List<CompletableFuture<Outcome>> together = shuffled.stream()
                    .map(golden ->
                            classifier.classify(bundle.goldenCases().get(golden).text()))
                    .toList();
            for (int i = 0; i < together.size(); i++) {
                List<LabelScore> expected = ((Classification) alone.get(shuffled.get(i))).labels();
                List<LabelScore> actual = ((Classification) together.get(i).get()).labels();
                for (int label = 0; label < expected.size(); label++) {
                    assertThat(actual.get(label).score())
                            .isCloseTo(expected.get(label).score(), within(tolerance));
                }
            }
        }
    }

    private static void assertScores(Classification classification, GoldenCase golden) {
        for (int label = 0; label < golden.scores().length; label++) {
            assertThat(classification.labels().get(label).score()).isCloseTo(golden.scores()[label], within(TOLERANCE));
        }
        assertThat(classification.tokensTotal()).isEqualTo(golden.tokenIds().length);
        assertThat(classification.windows()).isEqualTo(golden.windows().length);
    }

    @Test
    void aLabelIsPresentFromItsThresholdOn() throws Exception {
        Bundle bundle = Bundle.open(TestFiles.TINY_SEGMENTS);
        try (DocumentClassifier classifier = open(LongDocuments.WINDOW)) {
            for (GoldenCase golden : bundle.goldenCases()) {
                Classification classification =
                        (Classification) classifier.classify(golden.text()).get();
                for (int i = 0; i < classification.labels().size(); i++) {
                    LabelScore label = classification.labels().get(i);
                    assertThat(label.aboveThreshold())
                            .isEqualTo(label.score()
                                    >= bundle.manifest().labels().get(i).threshold());
                }
            }
        }
    }

    @Test
    void aTextThatComesInSegmentsIsCutWhereTheyEnd() throws Exception {
        List<String> given = List.of("The seller delivers", "", "😀 the goods. ".repeat(20), "The buyer pays");
        String joined = String.join("\n", given);
        try (DocumentClassifier classifier = open(LongDocuments.WINDOW)) {
            Classification classification =
                    (Classification) classifier.classify(given, false).get();
            assertThat(classification.segments()).isGreaterThan(4);
            for (LabelScore label : classification.labels()) {
                for (Evidence evidence : label.evidence()) {
                    assertThat(given)
                            .anyMatch(segment -> segment.contains(joined.substring(evidence.start(), evidence.end())));
                }
            }
            assertThat(classifier.classify(List.of(given.get(0)), false).get())
                    .usingRecursiveComparison()
                    .ignoringFields("timings")
                    .isEqualTo(classifier.classify(given.get(0)).get());
            assertThat(List.of(List.<String>of(), List.of("", " "))).allSatisfy(blank -> assertThat(
                            classifier.classify(blank, false).get())
                    .isInstanceOfSatisfying(Rejection.class, rejection -> assertThat(rejection.reason())
                            .isEqualTo(Reason.EMPTY_TEXT)));
        }
    }

    @Test
    void evidenceIsTheBestSegmentsOfTheOriginalText() throws Exception {
        Bundle bundle = Bundle.open(TestFiles.TINY_SEGMENTS);
        try (DocumentClassifier classifier = open(LongDocuments.WINDOW)) {
            for (GoldenCase golden : bundle.goldenCases()) {
                Classification classification =
                        (Classification) classifier.classify(golden.text()).get();
                for (int label = 0; label < classification.labels().size(); label++) {
                    LabelScore labelScore = classification.labels().get(label);
                    assertThat(labelScore.evidence()).hasSizeBetween(1, 3);
                    // The document's score is its best segment's.
                    assertThat(labelScore.evidence().get(0).score()).isEqualTo(labelScore.score());
                    for (Evidence evidence : labelScore.evidence()) {
                        int[] tokens = golden.segments()[evidence.segment()];
                        assertThat(evidence.start()).isEqualTo(golden.tokenOffsets()[tokens[0]][0]);
                        assertThat(evidence.end()).isEqualTo(golden.tokenOffsets()[tokens[1] - 1][1]);
                        assertThat(evidence.score())
                                .isCloseTo(golden.segmentScores()[evidence.segment()][label], within(TOLERANCE));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-documents", "tiny-single"})
    void onlyTheBestLabelOfASingleLabelModelIsPresent(String name) throws Exception {
        Path folder = TestFiles.RESOURCES.resolve("bundles").resolve(name);
        try (DocumentClassifier classifier = DocumentClassifier.open(folder, settings(LongDocuments.WINDOW))) {
            for (GoldenCase golden : Bundle.open(folder).goldenCases()) {
                List<LabelScore> labels =
                        ((Classification) classifier.classify(golden.text()).get()).labels();
                LabelScore best = Collections.max(labels, Comparator.comparingDouble(LabelScore::score));
                assertThat(labels.stream().filter(LabelScore::aboveThreshold)).containsExactly(best);
            }
        }
    }

    @Test
    void aLongDocumentIsWindowedTruncatedOrRejectedAsSet() throws Exception {
        String text = "The fee is due on day one. ".repeat(40);
        try (DocumentClassifier classifier = open(LongDocuments.WINDOW)) {
            Classification windowed = (Classification) classifier.classify(text).get();
            assertThat(windowed.coverage()).isEqualTo(Coverage.WINDOWED);
            assertThat(windowed.windows()).isGreaterThan(1);
            assertThat(windowed.tokensSeen()).isEqualTo(windowed.tokensTotal());
        }
        try (DocumentClassifier classifier = open(LongDocuments.TRUNCATE)) {
            Classification truncated =
                    (Classification) classifier.classify(text).get();
            assertThat(truncated.coverage()).isEqualTo(Coverage.TRUNCATED);
            assertThat(truncated.segments()).isEqualTo(6);
            assertThat(truncated.windows()).isEqualTo(1);
            assertThat(truncated.tokensSeen()).isLessThan(truncated.tokensTotal());
        }
        try (DocumentClassifier classifier = open(LongDocuments.REJECT)) {
            assertThat(classifier.classify(text).get())
                    .isInstanceOfSatisfying(Rejection.class, rejection -> assertThat(rejection.reason())
                            .isEqualTo(Reason.TOO_MANY_SEGMENTS));
            Classification small =
                    (Classification) classifier.classify("The fee.").get();
            assertThat(small.coverage()).isEqualTo(Coverage.COMPLETE);
        }
    }

    @Test
    void whatCannotBeClassifiedIsRejectedWithItsReason() throws Exception {
        try (DocumentClassifier classifier = open(LongDocuments.WINDOW)) {
            assertRejected(classifier, "", Reason.EMPTY_TEXT);
            assertRejected(classifier, " \n\t ", Reason.EMPTY_TEXT);
            assertRejected(classifier, "\u0000\u0001", Reason.NO_TOKENS);
            assertRejected(classifier, "a".repeat(100_001), Reason.TEXT_TOO_LONG);
        }
    }

    private static void assertRejected(DocumentClassifier classifier, String text, Reason reason)
            throws InterruptedException, ExecutionException {
        assertThat(classifier.classify(text).get()).isInstanceOfSatisfying(Rejection.class, rejection -> {
            assertThat(rejection.reason()).isEqualTo(reason);
            assertThat(rejection.message()).isNotBlank();
        });
    }

    @Test
    void manyThreadsMayClassifyAtOnce() throws Exception {
        List<GoldenCase> goldenCases = Bundle.open(TestFiles.TINY_SEGMENTS).goldenCases();
        try (DocumentClassifier classifier = open(LongDocuments.WINDOW)) {
            List<Classification> classifications = goldenCases.stream()
                    .flatMap(golden -> Collections.nCopies(16, golden).stream())
                    .parallel()
                    .map(golden ->
                            (Classification) classifier.classify(golden.text()).join())
                    .toList();
            for (int i = 0; i < classifications.size(); i++) {
                assertScores(classifications.get(i), goldenCases.get(i / 16));
            }
        }
    }

    private static DocumentClassifier open(LongDocuments longDocuments) {
        return DocumentClassifier.open(TestFiles.TINY_SEGMENTS, settings(longDocuments));
    }

    private static ClassifierSettings settings(LongDocuments longDocuments) {
        return new ClassifierSettings(
                longDocuments,
                100_000,
                3,
                new ModelSettings(new BatchSize.Fixed(16), Duration.ofMinutes(5), Device.CPU, 1));
    }
}
