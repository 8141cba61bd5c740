package io.hatflow.inference;

import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.batch.WindowResult.Refused;
import io.hatflow.inference.batch.WindowResult.Scored;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Replays the golden inputs of a bundle: does this machine compute, stage by stage, what the exporter computed? Warms the model up as well. */
final class GoldenReplay {

    /** A bundle that looks at more together is trusted in this; what grows with the square of them would cost. */
    private static final int MOST_SEGMENTS_TRIED = 1024;

    private final Manifest manifest;
    private final Function<GoldenCase, SegmentedDocument> segment;
    private final Function<SegmentedDocument, CompletableFuture<List<WindowResult<WindowAnswer>>>> answer;

    /**
     * A replay by this machine.
     *
     * @param segment finds the tokens, segments and windows of an input
     * @param answer lets the model see every window of a document
     */
    GoldenReplay(
            Manifest manifest,
            Function<GoldenCase, SegmentedDocument> segment,
            Function<SegmentedDocument, CompletableFuture<List<WindowResult<WindowAnswer>>>> answer) {
        this.manifest = manifest;
        this.segment = segment;
        this.answer = answer;
    }

    /** For every stage at which a case deviates, the first such case; then whether the largest window runs. */
    List<String> problems(List<GoldenCase> cases) {
        Map<Stage, List<String>> deviating = new EnumMap<>(Stage.class);
        for (GoldenCase golden : cases) {
            deviation(golden).ifPresent(found -> deviating
                    .computeIfAbsent(found.stage(), stage -> new ArrayList<>())
                    .add("golden input '" + golden.id() + "': " + found.what()));
        }
        List<String> problems = new ArrayList<>();
        deviating.forEach((stage, found) -> problems.add(
                found.get(0) + stage.remedy + (found.size() == 1 ? "" : " (" + found.size() + " such inputs)")));
        if (problems.isEmpty()) {
            largestWindow().ifPresent(problems::add);
        }
        return problems;
    }

    /** What is compared, in this order. */
    private enum Stage {
        TOKENS("; tokenizer.json is not the one that the model was exported with: export the bundle again"),
        SEGMENTS("; the manifest was changed, or another release exported it: export the bundle again"),
        RUN("; the graph was made for another vocabulary or other segments: export the bundle again"),
        SCORES(
                "; graph or manifest were changed, or this processor rounds differently (docs/precision.md): export the bundle again");

        final String remedy;

        Stage(String remedy) {
            this.remedy = remedy;
        }
    }

    private record Deviation(Stage stage, String what) {}

    private Optional<Deviation> deviation(GoldenCase golden) {
        SegmentedDocument document = segment.apply(golden);
        if (!Arrays.equals(document.tokens().ids(), golden.tokenIds())) {
            return found(Stage.TOKENS, "its token ids differ from the exporter's");
        }
        if (!Arrays.deepEquals(offsets(document), golden.tokenOffsets())) {
            return found(Stage.TOKENS, "its token offsets differ from the exporter's");
        }
        if (!Arrays.deepEquals(pairs(document.segments()), golden.segments())) {
            return found(Stage.SEGMENTS, "its segments differ from the exporter's");
        }
        if (!Arrays.deepEquals(pairs(document.windows()), golden.windows())) {
            return found(Stage.SEGMENTS, "its windows differ from the exporter's");
        }
        return scoreDeviation(golden, document);
    }

    private static Optional<Deviation> found(Stage stage, String what) {
        return Optional.of(new Deviation(stage, what));
    }

    /**
     * The golden inputs may all be shorter than the manifest's N, and with a graph that knows fewer segments every longer document would
     * fail. Cheap: each segment has one token.
     */
    private Optional<String> largestWindow() {
        int count = manifest.segmentation().maxSegments();
        if (count > MOST_SEGMENTS_TRIED) {
            return Optional.empty();
        }
        int[] ids = new int[count];
        Arrays.fill(ids, manifest.specialTokens().cls());
        List<Span> segments = IntStream.range(0, count)
                .mapToObj(segment -> new Span(segment, segment + 1))
                .toList();
        return answer(new SegmentedDocument(
                        new Tokens(ids, new int[count], new int[count]), segments, List.of(new Span(0, count))))
                .failure()
                .map(failure -> "a document of max_segments = " + count + " segments: " + failure + Stage.RUN.remedy);
    }

    /** What the model answers for every window, or why it does not. */
    private record Answer(List<WindowAnswer> windows, Optional<String> failure) {}

    private Answer answer(SegmentedDocument document) {
        List<WindowAnswer> windows = new ArrayList<>();
        try {
            for (WindowResult<WindowAnswer> result : answer.apply(document).join()) {
                if (result instanceof Refused<WindowAnswer> refused) {
                    return new Answer(windows, Optional.of(refused.message()));
                }
                windows.add(((Scored<WindowAnswer>) result).answer());
            }
        } catch (CompletionException e) {
            return new Answer(
                    windows, Optional.of("the model fails: " + (e.getCause() == null ? e : e.getCause()).getMessage()));
        }
        return new Answer(windows, Optional.empty());
    }

    private Optional<Deviation> scoreDeviation(GoldenCase golden, SegmentedDocument document) {
        Answer answer = answer(document);
        if (answer.failure().isPresent()) {
            return found(Stage.RUN, answer.failure().get());
        }
        float[][] expected = manifest.head().rows(golden.answers());
        float[][] actual = manifest.head().rows(document.segments(), document.windows(), answer.windows());
        float deviation = actual.length == expected.length ? 0 : Float.POSITIVE_INFINITY;
        for (int row = 0; row < Math.min(actual.length, expected.length); row++) {
            deviation = Math.max(deviation, deviation(actual[row], expected[row]));
        }
        float tolerance = manifest.precision().goldenTolerance();
        return deviation <= tolerance
                ? Optional.empty()
                : found(
                        Stage.SCORES,
                        "its scores differ from the exporter's by up to %.6f, expected at most %.4f"
                                .formatted(deviation, tolerance));
    }

    private static float deviation(float[] actual, float[] expected) {
        float largest = actual.length == expected.length ? 0 : Float.POSITIVE_INFINITY;
        for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
            largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
        }
        return largest;
    }

    private static int[][] offsets(SegmentedDocument document) {
        int[][] offsets = new int[document.tokens().count()][];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] =
                    new int[] {document.tokens().starts()[i], document.tokens().ends()[i]};
        }
        return offsets;
    }

    private static int[][] pairs(List<Span> spans) {
        return spans.stream().map(span -> new int[] {span.first(), span.end()}).toArray(int[][]::new);
    }
}
