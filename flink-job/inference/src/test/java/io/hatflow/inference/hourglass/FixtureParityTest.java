package io.hatflow.inference.hourglass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.hatflow.inference.TestFiles;
import io.hatflow.inference.batch.BatchBudget;
import io.hatflow.inference.batch.InferenceException;
import io.hatflow.inference.batch.MicroBatcher;
import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.batch.WindowResult.Refused;
import io.hatflow.inference.batch.WindowResult.Scored;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.task.LanguageModelHead;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Log-likelihoods of the original Hourglass implementations for tiny random checkpoints, against ours in Java: in one batch, alone, in
 * shuffled batches of any lengths.
 */
class FixtureParityTest {

    private static final float TOLERANCE = 3e-5f;

    /** So short that batches are split by length, so long that some windows share a tensor. */
    private static final int WINDOW_LENGTH = 24;

    @ParameterizedTest
    @MethodSource("names")
    void agreesWithTheOriginalInAnyBatch(String name) throws InferenceException {
        Fixture fixture = new Fixture(name);
        try (OnnxSession session = open(name)) {
            SymbolGraph model = fixture.graph(session);
            List<Integer> order = new ArrayList<>(
                    IntStream.range(0, fixture.windows.size()).boxed().toList());
            fixture.assertAgrees(model, order);
            for (int window : order) {
                fixture.assertAgrees(model, List.of(window));
            }
            Random chance = new Random(1);
            for (int round = 0; round < 5; round++) {
                List<Integer> some = new ArrayList<>(order);
                some.addAll(order);
                some.addAll(order);
                Collections.shuffle(some, chance);
                fixture.assertAgrees(model, some.subList(0, 1 + chance.nextInt(some.size())));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void whatComesLaterChangesNothingBeforeIt(String name) throws InferenceException {
        Fixture fixture = new Fixture(name);
        try (OnnxSession session = open(name)) {
            SymbolGraph model = fixture.graph(session);
            SymbolWindow longest = fixture.windows.get(fixture.windows.size() - 1);
            float[] expected = answer(model, longest);
            for (int place = 1; place < longest.length(); place++) {
                int[] changed = longest.symbols().clone();
                changed[place] = (changed[place] + 1) % 20;
                float[] actual = answer(model, new SymbolWindow(changed, longest.span()));
                assertThat(Arrays.copyOf(actual, place))
                        .as("before symbol %d", place)
                        .containsExactly(Arrays.copyOf(expected, place), within(TOLERANCE));
                float[] shorter = answer(
                        model,
                        new SymbolWindow(
                                longest.symbols(),
                                new Span(longest.span().first(), longest.span().first() + place)));
                assertThat(shorter)
                        .as("of the first %d symbols", place)
                        .containsExactly(Arrays.copyOf(expected, place), within(TOLERANCE));
            }
        }
    }

    @Test
    void aWindowThatTheModelFailsOnIsRefusedAloneAndItsNeighboursAreAnswered() throws Exception {
        Fixture fixture = new Fixture("trax-linear-nested");
        SymbolWindow unknown = new SymbolWindow(new int[] {3, 1_000_000, 3}, new Span(0, 3));
        try (OnnxSession session = open("trax-linear-nested");
                MicroBatcher<SymbolWindow, SymbolBatch, WindowAnswer> batcher = new MicroBatcher<>(
                        fixture.graph(session),
                        new SymbolLayout(WINDOW_LENGTH),
                        BatchBudget.fixed(16),
                        fixture.windows.get(0))) {
            List<CompletableFuture<WindowResult<WindowAnswer>>> results = new ArrayList<>();
            for (int copy = 0; copy < 8; copy++) {
                SymbolWindow window = copy == 3 ? unknown : fixture.windows.get(copy % 4);
                results.addAll(batcher.submit(List.of(window), false));
            }
            for (int copy = 0; copy < 8; copy++) {
                WindowResult<WindowAnswer> result = results.get(copy).get(1, TimeUnit.MINUTES);
                if (copy == 3) {
                    assertThat(result).isInstanceOfSatisfying(Refused.class, refused -> assertThat(refused.message())
                            .startsWith("the model fails on this document"));
                } else {
                    fixture.assertAgrees(copy % 4, ((Scored<WindowAnswer>) result).answer());
                }
            }
            assertThat(batcher.isOpen()).isTrue();
        }
    }

    private static float[] answer(SymbolGraph model, SymbolWindow window) throws InferenceException {
        return model.run(new SymbolBatch(WINDOW_LENGTH, List.of(window))).get(0).segments()[0];
    }

    static List<String> names() throws IOException {
        try (Stream<Path> folders = Files.list(TestFiles.HOURGLASS_FIXTURES)) {
            return folders.map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void bothOriginalsAndAllBoundariesHaveAFixture() throws IOException {
        assertThat(names())
                .containsExactly(
                        "pt-fixed-sf2",
                        "pt-unigram",
                        "pt-vanilla",
                        "pt-whitespaces",
                        "trax-enwik8",
                        "trax-imagenet32",
                        "trax-linear-nested");
    }

    private static OnnxSession open(String name) {
        return OnnxSession.open(TestFiles.HOURGLASS_FIXTURES.resolve(name).resolve("model.onnx"), 1, Device.CPU);
    }

    private static final class Fixture {
        private final JsonNode expected;
        private final List<SymbolWindow> windows = new ArrayList<>();

        Fixture(String name) {
            expected = TestFiles.json(TestFiles.HOURGLASS_FIXTURES.resolve(name).resolve("expected.json"));
            for (JsonNode window : expected.get("windows")) {
                int[] symbols = TestFiles.ints(window.get("symbols"));
                int offset = window.get("offset").asInt();
                int[] document = new int[offset + symbols.length];
                System.arraycopy(symbols, 0, document, offset, symbols.length);
                windows.add(new SymbolWindow(document, new Span(offset, document.length)));
            }
        }

        SymbolGraph graph(OnnxSession session) {
            return new SymbolGraph(
                    session, new LanguageModelHead(), expected.get("has_offset").asBoolean());
        }

        void assertAgrees(SymbolGraph model, List<Integer> order) throws InferenceException {
            List<WindowAnswer> answers = model.run(new SymbolBatch(
                    WINDOW_LENGTH, order.stream().map(windows::get).toList()));
            assertThat(answers).hasSize(order.size());
            for (int i = 0; i < order.size(); i++) {
                assertAgrees(order.get(i), answers.get(i));
            }
        }

        void assertAgrees(int window, WindowAnswer answer) {
            JsonNode own = expected.get("windows").get(window).get("log_likelihood");
            float[] actual = answer.segments()[0];
            assertThat(actual).hasSize(own.size());
            for (int place = 0; place < actual.length; place++) {
                assertThat(actual[place])
                        .as("window %d at %d", window, place)
                        .isCloseTo(own.get(place).floatValue(), within(TOLERANCE));
            }
        }
    }
}
