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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Documents are classified from bytes, by an Hourglass model. */
@Timeout(120)
class SymbolClassifierTest {

    private static final float TOLERANCE = 1e-4f;
    private static final String LONG = "The fee is due on day one. ".repeat(10);

    @Test
    void scoresAreTheExportersAloneAndInAnyBatch() throws Exception {
        List<GoldenCase> goldenCases = Bundle.open(TestFiles.TINY_BYTES).goldenCases();
        try (DocumentClassifier classifier = open(LongDocuments.WINDOW)) {
            for (GoldenCase golden : goldenCases) {
                assertScores((Classification) classifier.classify(golden.text()).get(), golden);
            }
            List<GoldenCase> shuffled = new ArrayList<>();
            Collections.nCopies(20, goldenCases).forEach(shuffled::addAll);
            Collections.shuffle(shuffled, new Random(3));
            List<CompletableFuture<Outcome>> outcomes = shuffled.stream()
                    .map(golden -> classifier.classify(golden.text()))
                    .toList();
            for (int i = 0; i < outcomes.size(); i++) {
                assertScores((Classification) outcomes.get(i).get(), shuffled.get(i));
            }
        }
    }

    private static void assertScores(Classification classification, GoldenCase golden) {
        assertThat(classification.windows()).isEqualTo(golden.windows().length);
        assertThat(classification.segments()).isEqualTo(golden.windows().length);
        assertThat(classification.tokensTotal()).isEqualTo(golden.symbols().length);
        assertThat(classification.tokensSeen()).isEqualTo(golden.symbols().length);
        for (int label = 0; label < golden.scores().length; label++) {
            LabelScore scored = classification.labels().get(label);
            assertThat(scored.score()).isCloseTo(golden.scores()[label], within(TOLERANCE));
            assertThat(scored.evidence()).isNotEmpty();
            // The document's score is its best window's.
            assertThat(scored.evidence().get(0).score()).isEqualTo(scored.score());
            for (Evidence evidence : scored.evidence()) {
                int[] window = golden.windows()[evidence.segment()];
                assertThat(evidence.start()).isEqualTo(golden.symbolOffsets()[window[0]][0]);
                assertThat(evidence.end()).isEqualTo(golden.symbolOffsets()[window[1] - 1][1]);
                assertThat(evidence.score())
                        .isCloseTo(golden.windowScores()[evidence.segment()][label], within(TOLERANCE));
            }
        }
    }

    @Test
    void aLongDocumentIsWindowedTruncatedOrRejectedAsSet() throws Exception {
        try (DocumentClassifier classifier = open(LongDocuments.WINDOW)) {
            Classification windowed = (Classification) classifier.classify(LONG).get();
            assertThat(windowed.coverage()).isEqualTo(Coverage.WINDOWED);
            assertThat(windowed.tokensSeen()).isEqualTo(LONG.length());
            Classification complete =
                    (Classification) classifier.classify(LONG.substring(0, 48)).get();
            assertThat(complete.coverage()).isEqualTo(Coverage.COMPLETE);
        }
        try (DocumentClassifier classifier = open(LongDocuments.TRUNCATE)) {
            Classification truncated =
                    (Classification) classifier.classify(LONG).get();
            assertThat(truncated.coverage()).isEqualTo(Coverage.TRUNCATED);
            assertThat(truncated.windows()).isEqualTo(1);
            assertThat(truncated.tokensSeen()).isEqualTo(48);
            assertThat(truncated.tokensTotal()).isEqualTo(LONG.length());
        }
        try (DocumentClassifier classifier = open(LongDocuments.REJECT)) {
            assertThat(classifier.classify(LONG).get())
                    .isInstanceOfSatisfying(Rejection.class, rejection -> assertThat(rejection.reason())
                            .isEqualTo(Reason.TOO_MANY_SEGMENTS));
        }
    }

    @Test
    void segmentsAreReadAsOneText() throws Exception {
        List<String> given = List.of("The seller delivers", "the goods.");
        try (DocumentClassifier classifier = open(LongDocuments.WINDOW)) {
            assertThat(classifier.classify(given, false).get())
                    .usingRecursiveComparison()
                    .ignoringFields("timings")
                    .isEqualTo(classifier.classify(String.join("\n", given)).get());
            assertThat(classifier.classify(" \n").get())
                    .isInstanceOfSatisfying(Rejection.class, rejection -> assertThat(rejection.reason())
                            .isEqualTo(Reason.EMPTY_TEXT));
        }
    }

    private static DocumentClassifier open(LongDocuments longDocuments) {
        return DocumentClassifier.open(
                TestFiles.TINY_BYTES,
                new ClassifierSettings(
                        longDocuments,
                        100_000,
                        3,
                        new ModelSettings(new BatchSize.Fixed(16), Duration.ofMinutes(5), Device.CPU, 1)));
    }
}
