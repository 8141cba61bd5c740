package io.hatflow.inference;

import io.hatflow.inference.TextModel.Segmented;
import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.batch.WindowResult.Refused;
import io.hatflow.inference.batch.WindowResult.Scored;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.label.DocumentScores;
import io.hatflow.inference.packing.WindowLogits;
import io.hatflow.inference.text.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;

/** Replays the golden inputs of a bundle: does this machine compute, stage by stage, what the exporter computed? Warms the model up as well. */
final class SelfTest {

    private final TextModel model;

    SelfTest(TextModel model) {
        this.model = model;
    }

    /** For every case that deviates the first stage at which it does. */
    List<String> problems(List<GoldenCase> cases) {
        return cases.stream()
                .flatMap(golden ->
                        problem(golden).map(problem -> "golden input '" + golden.id() + "': " + problem).stream())
                .toList();
    }

    private Optional<String> problem(GoldenCase golden) {
        Segmented document = model.segment(golden.text());
        if (!Arrays.equals(document.tokens().ids(), golden.tokenIds())) {
            return Optional.of(
                    "its token ids differ from the exporter's; tokenizer.json or the tokenizer library does not fit");
        }
        if (!Arrays.deepEquals(offsets(document), golden.tokenOffsets())) {
            return Optional.of("its token offsets differ from the exporter's; the tokenizer library does not fit");
        }
        if (!Arrays.deepEquals(pairs(document.segments()), golden.segments())) {
            return Optional.of("its segments differ from the exporter's; was it exported by another release?");
        }
        if (!Arrays.deepEquals(pairs(document.windows()), golden.windows())) {
            return Optional.of("its windows differ from the exporter's; was it exported by another release?");
        }
        return scoreProblem(golden, document);
    }

    private Optional<String> scoreProblem(GoldenCase golden, Segmented document) {
        List<WindowLogits> logits = new ArrayList<>();
        try {
            for (WindowResult result : model.answer(document).join()) {
                if (result instanceof Refused refused) {
                    return Optional.of(refused.message());
                }
                logits.add(((Scored) result).logits());
            }
        } catch (CompletionException e) {
            return Optional.of("the model fails: " + (e.getCause() == null ? e : e.getCause()).getMessage());
        }
        float[][] expected = golden.answers(model.manifest().task());
        float[][] actual = answers(document, logits);
        float deviation = actual.length == expected.length ? 0 : Float.POSITIVE_INFINITY;
        for (int row = 0; row < Math.min(actual.length, expected.length); row++) {
            deviation = Math.max(deviation, deviation(actual[row], expected[row]));
        }
        float tolerance = model.manifest().precision().goldenTolerance();
        return deviation <= tolerance
                ? Optional.empty()
                : Optional.of("its scores differ from the exporter's by up to %.6f, expected at most %.4f"
                        .formatted(deviation, tolerance));
    }

    /** In the rows of {@link GoldenCase#answers}. */
    private float[][] answers(Segmented document, List<WindowLogits> logits) {
        return switch (model.manifest().task()) {
            case DOCUMENT_CLASSIFICATION, SEGMENT_CLASSIFICATION, MULTIPLE_CHOICE -> {
                DocumentScores scores = DocumentScores.of(model.manifest(), document.windows(), logits);
                List<float[]> rows = new ArrayList<>(List.of(scores.document()));
                rows.addAll(Arrays.asList(scores.segments()));
                yield rows.toArray(float[][]::new);
            }
            case EMBEDDING -> new float[][] {DocumentEmbedder.mean(logits)};
            case MASKED_LM -> sampledLogits(document, logits);
        };
    }

    /** The sample of token logits that a golden input holds: {@code docs/bundle.md}. */
    private float[][] sampledLogits(Segmented document, List<WindowLogits> logits) {
        List<float[]> rows = new ArrayList<>();
        int window = 0;
        for (int segment = 0; segment < document.segments().size(); segment++) {
            while (document.windows().get(window).end() <= segment) {
                window++;
            }
            float[] tokens = logits.get(window)
                    .segments()[segment - document.windows().get(window).first()];
            int vocabulary = tokens.length / model.manifest().segmentation().segmentLength();
            int stride = Math.max(1, vocabulary / GoldenCase.VOCABULARY_SAMPLES);
            int length = document.segments().get(segment).length() + 1; // the CLS token too
            for (int token = 0; token < length; token += GoldenCase.TOKEN_STEP) {
                float[] row = new float[(vocabulary + stride - 1) / stride];
                for (int i = 0; i < row.length; i++) {
                    row[i] = tokens[token * vocabulary + i * stride];
                }
                rows.add(row);
            }
        }
        return rows.toArray(float[][]::new);
    }

    private static float deviation(float[] actual, float[] expected) {
        float largest = actual.length == expected.length ? 0 : Float.POSITIVE_INFINITY;
        for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
            largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
        }
        return largest;
    }

    private static int[][] offsets(Segmented document) {
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
