package io.hatflow.inference;

import io.hatflow.inference.Rejection.Reason;
import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.batch.WindowResult.Refused;
import io.hatflow.inference.batch.WindowResult.Scored;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokens;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/** Replays the golden inputs of a bundle: does this machine compute, stage by stage, what the exporter computed? Warms the model up as well. */
final class GoldenReplay {

    private final Manifest manifest;
    private final PackedModel<?, ?> model;
    private final Function<SegmentedDocument, CompletableFuture<List<WindowResult<WindowAnswer>>>> answer;

    /**
     * A replay by this machine.
     *
     * @param model cuts an input
     * @param answer lets the model see every window of a document
     */
    GoldenReplay(
            Manifest manifest,
            PackedModel<?, ?> model,
            Function<SegmentedDocument, CompletableFuture<List<WindowResult<WindowAnswer>>>> answer) {
        this.manifest = manifest;
        this.model = model;
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
    enum Stage {
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

    /**
     * Something that a text is cut into.
     *
     * @param what it is, in the plural
     * @param actual ids, or pairs of numbers
     * @param expected the same of the exporter
     */
    record Cut(Stage stage, String what, Object actual, Object expected) {}

    private record Deviation(Stage stage, String what) {}

    private Optional<Deviation> deviation(GoldenCase golden) {
        SegmentedDocument document;
        try {
            document = golden.textSegments().isEmpty()
                    ? model.segment(golden.text())
                    : model.segment(golden.textSegments());
        } catch (RejectedTextException e) {
            boolean byTokenizer = e.rejection().reason() == Reason.NO_TOKENS;
            return found(
                    byTokenizer ? Stage.TOKENS : Stage.SEGMENTS, e.rejection().message());
        }
        for (Cut cut : model.cuts(golden, document)) {
            if (!Objects.deepEquals(cut.actual(), cut.expected())) {
                return found(cut.stage(), "its " + cut.what() + " differ from the exporter's");
            }
        }
        return scoreDeviation(golden, document);
    }

    private static Optional<Deviation> found(Stage stage, String what) {
        return Optional.of(new Deviation(stage, what));
    }

    private Optional<String> largestWindow() {
        return model.largestDocument().flatMap(document -> answer(document)
                .failure()
                .map(failure -> "a document of max_segments = "
                        + document.segments().size() + " segments: " + failure + Stage.RUN.remedy));
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
        return manifest.head()
                .deviation(actual, expected, manifest.precision().goldenTolerance())
                .flatMap(what -> found(Stage.SCORES, what));
    }

    /** Places of tokens, as pairs. */
    static int[][] offsets(Tokens tokens) {
        int[][] offsets = new int[tokens.count()][];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = new int[] {tokens.starts()[i], tokens.ends()[i]};
        }
        return offsets;
    }

    /** Spans, as pairs. */
    static int[][] pairs(List<Span> spans) {
        return spans.stream().map(span -> new int[] {span.first(), span.end()}).toArray(int[][]::new);
    }
}
