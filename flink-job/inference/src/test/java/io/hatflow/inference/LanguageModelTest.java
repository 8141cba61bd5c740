package io.hatflow.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Likelihood.Passage;
import io.hatflow.inference.Rejection.Reason;
import io.hatflow.inference.bundle.Bundle;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.hourglass.SymbolBatch;
import io.hatflow.inference.hourglass.SymbolGraph;
import io.hatflow.inference.hourglass.SymbolWindow;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.task.LanguageModelHead;
import io.hatflow.inference.text.Span;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class LanguageModelTest {

    private static final double TOLERANCE = 1e-4;
    private static final int LENGTH = 48;
    private static final int OVERLAP = 24;

    @ParameterizedTest
    @ValueSource(strings = {"tiny-language", "tiny-language-fixed", "tiny-language-gaps", "tiny-quality"})
    void bitsPerByteAreTheExportersAloneAndInAnyBatch(String name) throws Exception {
        Bundle bundle = Bundle.open(TestFiles.bundle(name));
        try (LanguageModel model = LanguageModel.open(bundle.folder(), settings(10_000))) {
            assertThat(model.bundle().name()).isEqualTo(name);
            for (GoldenCase golden : bundle.goldenCases()) {
                assertAgrees(golden, bundle, model.score(golden.text()).get());
            }
            List<GoldenCase> shuffled = new ArrayList<>();
            Collections.nCopies(20, bundle.goldenCases()).forEach(shuffled::addAll);
            Collections.shuffle(shuffled, new Random(3));
            List<CompletableFuture<Outcome>> outcomes =
                    shuffled.stream().map(golden -> model.score(golden.text())).toList();
            for (int i = 0; i < shuffled.size(); i++) {
                assertAgrees(shuffled.get(i), bundle, outcomes.get(i).get());
            }
            assertThat(model.statistics().tokenSlots())
                    .isGreaterThan(model.statistics().tokens());
        }
    }

    private static void assertAgrees(GoldenCase golden, Bundle bundle, Outcome outcome) {
        Likelihood likelihood = (Likelihood) outcome;
        double bits = 0;
        int seen = 0;
        int scored = 0;
        int before = 0;
        for (int[] window : golden.windows()) {
            for (int symbol = Math.max(before, window[0]); symbol < window[1]; symbol++) {
                bits -= golden.logLikelihoods()[symbol] / Math.log(2);
                seen++;
                // Where nothing of the text stands before it that was seen.
                boolean first = symbol == window[0] && symbol >= before;
                scored += first && !bundle.manifest().scoresFirstSymbol() ? 0 : 1;
            }
            before = window[1];
        }
        int bytes = golden.text().getBytes(StandardCharsets.UTF_8).length;
        // All symbols of these models are single bytes.
        assertThat(likelihood.bytesSeen()).isEqualTo(seen);
        assertThat(likelihood.bytesTotal()).isEqualTo(bytes);
        assertThat(likelihood.bitsPerByte()).isCloseTo(bits / scored, within(TOLERANCE));
        assertThat(likelihood.windows()).isEqualTo(golden.windows().length);
        assertThat(likelihood.coverage())
                .isEqualTo(
                        seen < bytes
                                ? Coverage.SAMPLED
                                : golden.windows().length > 1 ? Coverage.WINDOWED : Coverage.COMPLETE);
    }

    @Test
    void int8DoesNotDependOnTheNeighboursInABatch() throws Exception {
        Bundle bundle = Bundle.open(TestFiles.bundle("tiny-language-int8"));
        try (LanguageModel model = LanguageModel.open(bundle.folder(), settings(10_000))) {
            List<Likelihood> alone = new ArrayList<>();
            for (GoldenCase golden : bundle.goldenCases()) {
                alone.add((Likelihood) model.score(golden.text()).get());
            }
            List<CompletableFuture<Outcome>> together = new ArrayList<>();
            for (int copy = 0; copy < 10; copy++) {
                bundle.goldenCases().forEach(golden -> together.add(model.score(golden.text())));
            }
            for (int i = 0; i < together.size(); i++) {
                Likelihood likelihood = (Likelihood) together.get(i).get();
                assertThat(likelihood.bitsPerByte())
                        .isCloseTo(alone.get(i % alone.size()).bitsPerByte(), within(TOLERANCE));
            }
        }
    }

    @Test
    void everyLengthAgreesWithTheBeginningOfALongerText() throws Exception {
        String text = "The buyer pays within sixty days; no set-off is allowed.".substring(0, LENGTH);
        float[] whole = logLikelihoods(text);
        try (LanguageModel model = LanguageModel.open(TestFiles.TINY_LANGUAGE, settings(10_000))) {
            double bits = 0;
            for (int length = 1; length <= LENGTH; length++) {
                bits -= whole[length - 1] / Math.log(2);
                Likelihood likelihood =
                        (Likelihood) model.score(text.substring(0, length)).get();
                assertThat(likelihood.bitsPerByte())
                        .as("of %d bytes", length)
                        .isCloseTo(bits / length, within(TOLERANCE));
                assertThat(likelihood.windows()).isEqualTo(1);
            }
        }
    }

    @Test
    void aTextOfManyWindowsFollowsTheRule() throws Exception {
        StringBuilder written = new StringBuilder();
        Random chance = new Random(4);
        while (written.length() < 1_003) {
            written.append((char) (' ' + chance.nextInt(90)));
        }
        String text = written.toString();
        float[] expected = logLikelihoods(text);
        double bits = 0;
        for (float logLikelihood : expected) {
            bits -= logLikelihood / Math.log(2);
        }
        try (LanguageModel model = LanguageModel.open(TestFiles.TINY_LANGUAGE, settings(10_000))) {
            Likelihood likelihood = (Likelihood) model.score(text).get();
            assertThat(likelihood.bytesSeen()).isEqualTo(text.length());
            assertThat(likelihood.bitsPerByte()).isCloseTo(bits / text.length(), within(TOLERANCE));
            assertThat(likelihood.worst()).hasSize(3);
            for (Passage passage : likelihood.worst()) {
                assertThat(passage.end() - passage.start()).isEqualTo(20);
                double own = 0;
                for (int at = passage.start(); at < passage.end(); at++) {
                    own -= expected[at] / Math.log(2);
                }
                assertThat(passage.bitsPerByte()).isCloseTo(own / 20, within(TOLERANCE));
                assertThat(passage.bitsPerByte()).isGreaterThan(likelihood.bitsPerByte());
            }
        }
    }

    /** Of every byte of an ASCII text, each window alone and each byte by itself from the first window that holds it: the plainest way. */
    private static float[] logLikelihoods(String text) throws Exception {
        int[] symbols = text.chars().toArray();
        float[] logLikelihoods = new float[symbols.length];
        Bundle bundle = Bundle.open(TestFiles.TINY_LANGUAGE);
        try (OnnxSession session = OnnxSession.open(bundle.model(), 1, Device.CPU)) {
            SymbolGraph graph = new SymbolGraph(session, new LanguageModelHead(), false);
            int done = 0;
            for (int start = 0; done < symbols.length; start += LENGTH - OVERLAP) {
                int first = Math.max(0, Math.min(start, symbols.length - LENGTH));
                int end = Math.min(first + LENGTH, symbols.length);
                SymbolWindow window = new SymbolWindow(symbols, new Span(first, end));
                float[] own = graph.run(new SymbolBatch(LENGTH, List.of(window)))
                        .get(0)
                        .segments()[0];
                for (; done < end; done++) {
                    logLikelihoods[done] = own[done - first];
                }
            }
        }
        return logLikelihoods;
    }

    @Test
    void whatCannotBeScoredIsRejectedWithItsReason() throws Exception {
        try (LanguageModel bytes = LanguageModel.open(TestFiles.TINY_LANGUAGE, settings(10))) {
            assertRejected(bytes, "", Reason.EMPTY_TEXT, "the text is empty or holds only white space");
            assertRejected(
                    bytes,
                    "more than ten",
                    Reason.TEXT_TOO_LONG,
                    "the text has 13 characters, more than the limit of 10");
            assertThat(bytes.score("a").get()).isInstanceOf(Likelihood.class);
            assertThat(bytes.score(" \n").get()).isInstanceOf(Likelihood.class);
            assertThat(bytes.score("\uD83D").get())
                    .isInstanceOfSatisfying(Likelihood.class, likelihood -> assertThat(likelihood.bytesTotal())
                            .isEqualTo(3));
        }
        try (LanguageModel characters = LanguageModel.open(TestFiles.bundle("tiny-language-fixed"), settings(10))) {
            assertRejected(
                    characters,
                    "a fee of 3",
                    Reason.UNKNOWN_CHARACTER,
                    "the character at 9 is none of the 27 that the model knows, expected a text of those alone");
            assertRejected(
                    characters,
                    "a",
                    Reason.NO_TOKENS,
                    "the text is a single symbol, and this model scores none that nothing stands before; expected two or more");
            assertThat(characters.score("ab").get()).isInstanceOf(Likelihood.class);
        }
    }

    private static void assertRejected(LanguageModel model, String text, Reason reason, String message)
            throws InterruptedException, ExecutionException {
        assertThat(model.score(text).get()).isEqualTo(new Rejection(reason, message));
    }

    @Test
    void theBudgetIsLearnedAndAClosedModelAnswersNoMore() {
        LanguageModelSettings settings = new LanguageModelSettings(
                100, 3, 20, new ModelSettings(BatchSize.learned(), Duration.ofMinutes(5), Device.CPU, 1));
        LanguageModel model = LanguageModel.open(TestFiles.TINY_LANGUAGE, settings);
        assertThat(model.statistics().nanosPerRow()).isPositive();
        assertThat(model.isOpen()).isTrue();
        model.close();
        assertThat(model.isOpen()).isFalse();
        assertThat(model.score("late")).isCompletedExceptionally();
    }

    @Test
    void aBundleOfAnotherTaskIsRefused() {
        assertThatThrownBy(() -> LanguageModel.open(TestFiles.TINY_BYTES, LanguageModelSettings.defaults()))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("its task is document-classification, expected language-model; give the folder");
        assertThatThrownBy(() -> new LanguageModelSettings(10, 0, 20, ModelSettings.defaults()))
                .hasMessage("passages is 0, expected at least 1");
    }

    private static LanguageModelSettings settings(int maxCharacters) {
        return new LanguageModelSettings(
                maxCharacters, 3, 20, new ModelSettings(new BatchSize.Fixed(16), Duration.ofMinutes(5), Device.CPU, 1));
    }
}
