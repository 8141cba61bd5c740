package io.hatflow.inference.hat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.hatflow.inference.TestFiles;
import io.hatflow.inference.batch.InferenceException;
import io.hatflow.inference.bundle.Manifest.PadSegment;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.task.ChoiceHead;
import io.hatflow.inference.task.DocumentHead;
import io.hatflow.inference.task.Head;
import io.hatflow.inference.task.MaskedLmHead;
import io.hatflow.inference.task.ProblemType;
import io.hatflow.inference.task.SegmentHead;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Scores of the original HAT implementation for tiny random checkpoints, against ours in Java: in one batch, alone, in shuffled batches. */
class FixtureParityTest {

    private static final float TOLERANCE = 1e-4f;

    @ParameterizedTest
    @MethodSource("names")
    void agreesWithTheOriginalInAnyBatch(String name) throws InferenceException {
        Fixture fixture = new Fixture(TestFiles.FIXTURES.resolve(name));
        try (OnnxSession session = open(name)) {
            PackedGraph model = new PackedGraph(session, fixture.head());
            List<Integer> order = new ArrayList<>(
                    IntStream.range(0, fixture.windows.size()).boxed().toList());
            fixture.assertAgrees(model, order);
            for (int document : order) {
                fixture.assertAgrees(model, List.of(document));
            }
            Random chance = new Random(1);
            for (int round = 0; round < 5; round++) {
                Collections.shuffle(order, chance);
                fixture.assertAgrees(model, order.subList(0, 1 + chance.nextInt(order.size())));
            }
        }
    }

    static List<String> names() throws IOException {
        try (Stream<Path> folders = Files.list(TestFiles.FIXTURES)) {
            return folders.map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void everyHeadOfTheOriginalHasAFixture() throws IOException {
        assertThat(names())
                .hasSize(16)
                .contains("mlm", "multiple-choice-last", "seqcls-attentive", "seqcls-regression", "sentcls");
    }

    @Test
    void aTokenThatTheModelDoesNotKnowFailsTheRunAlone() throws InferenceException {
        Packing packing = new Packing(16, 6, 0, null, 1, PadSegment.NONE);
        try (OnnxSession session = open("sentcls")) {
            PackedGraph model = new PackedGraph(session, new SegmentHead(ProblemType.MULTI_LABEL, 3));
            Window unknown = new Window(new int[] {1_000_000}, List.of(new Span(0, 1)));
            Window known = new Window(new int[] {7}, List.of(new Span(0, 1)));
            assertThatThrownBy(() -> model.run(new PackedBatch(packing, List.of(unknown))))
                    .isInstanceOf(InferenceException.class);
            assertThat(model.run(new PackedBatch(packing, List.of(known)))).hasSize(1);
        }
    }

    @Test
    void nothingRunsAfterClose() {
        OnnxSession session = open("sentcls");
        PackedGraph model = new PackedGraph(session, new SegmentHead(ProblemType.MULTI_LABEL, 3));
        session.close();
        session.close();
        Window known = new Window(new int[] {7}, List.of(new Span(0, 1)));
        PackedBatch batch = new PackedBatch(new Packing(16, 6, 0, null, 1, PadSegment.NONE), List.of(known));
        assertThatThrownBy(() -> model.run(batch)).isInstanceOf(IllegalStateException.class);
    }

    private static OnnxSession open(String name) {
        return OnnxSession.open(TestFiles.FIXTURES.resolve(name).resolve("model.onnx"), 1, Device.CPU);
    }

    private static final class Fixture {
        private final List<Window> windows = new ArrayList<>();
        private final Packing packing;
        private final JsonNode expected;

        Fixture(Path folder) {
            expected = TestFiles.json(folder.resolve("expected.json"));
            packing = new Packing(
                    expected.get("segment_length").asInt(),
                    expected.get("max_segments").asInt(),
                    expected.get("cls").asInt(),
                    null,
                    expected.get("pad").asInt(),
                    PadSegment.valueOf(expected.get("pad_segment").asText().toUpperCase(Locale.ROOT)));
            for (JsonNode document : expected.get("documents")) {
                windows.add(window(TestFiles.pairs(document)));
            }
        }

        /** The fixtures list segments with their CLS id, which our windows leave to the packing. */
        private static Window window(int[][] segments) {
            List<Integer> ids = new ArrayList<>();
            List<Span> spans = new ArrayList<>();
            for (int[] segment : segments) {
                int first = ids.size();
                IntStream.of(segment).skip(1).forEach(ids::add);
                spans.add(new Span(first, ids.size()));
            }
            return new Window(ids.stream().mapToInt(Integer::intValue).toArray(), spans);
        }

        Head head() {
            return switch (expected.get("task").asText()) {
                case "document-classification" -> new DocumentHead(ProblemType.MULTI_LABEL, 3);
                case "segment-classification" -> new SegmentHead(ProblemType.MULTI_LABEL, 3);
                case "multiple-choice" -> new ChoiceHead();
                default -> new MaskedLmHead(packing.segmentLength(), "V");
            };
        }

        void assertAgrees(PackedGraph model, List<Integer> order) throws InferenceException {
            List<WindowAnswer> logits = model.run(
                    new PackedBatch(packing, order.stream().map(windows::get).toList()));
            for (int i = 0; i < order.size(); i++) {
                JsonNode document = expected.path("logits").path(order.get(i));
                if (!document.isMissingNode()) {
                    assertClose(logits.get(i).document(), document);
                }
                JsonNode tokens = expected.path("logits_every_5th_token").path(order.get(i));
                for (int segment = 0; segment < tokens.size(); segment++) {
                    assertTokensClose(logits.get(i).segments()[segment], tokens.get(segment));
                }
                JsonNode segments = expected.path("segment_logits").path(order.get(i));
                assertThat(tokens.size() + segments.size())
                        .isEqualTo(logits.get(i).segments().length);
                for (int segment = 0; segment < segments.size(); segment++) {
                    assertClose(logits.get(i).segments()[segment], segments.get(segment));
                }
            }
        }

        /** @param actual [K·V] */
        private void assertTokensClose(float[] actual, JsonNode everyFifth) {
            int vocabulary = actual.length / packing.segmentLength();
            for (int row = 0; row < everyFifth.size(); row++) {
                int first = 5 * row * vocabulary;
                assertClose(Arrays.copyOfRange(actual, first, first + vocabulary), everyFifth.get(row));
            }
        }

        /** A model of one label has a number where others have a list. */
        private static void assertClose(float[] actual, JsonNode expected) {
            assertThat(actual).hasSize(expected.isArray() ? expected.size() : 1);
            for (int label = 0; label < actual.length; label++) {
                JsonNode value = expected.isArray() ? expected.get(label) : expected;
                assertThat(actual[label]).isCloseTo(value.floatValue(), within(TOLERANCE));
            }
        }
    }
}
