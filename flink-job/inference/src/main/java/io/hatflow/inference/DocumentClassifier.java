package io.hatflow.inference;

import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Rejection.Reason;
import io.hatflow.inference.batch.BatchBudget;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.batch.MicroBatcher;
import io.hatflow.inference.batch.WarmUp;
import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.batch.WindowResult.Refused;
import io.hatflow.inference.batch.WindowResult.Scored;
import io.hatflow.inference.bundle.Bundle;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.GraphContract;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.label.DocumentScores;
import io.hatflow.inference.label.LabelPolicy;
import io.hatflow.inference.onnx.OnnxModel;
import io.hatflow.inference.packing.Packing;
import io.hatflow.inference.packing.Window;
import io.hatflow.inference.packing.WindowLogits;
import io.hatflow.inference.text.Segmenter;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokenizer;
import io.hatflow.inference.text.Tokens;
import io.hatflow.inference.text.Windows;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Classifies documents with a model bundle.
 *
 * <p>Thread-safe. Texts are tokenized and segmented on the caller's thread; the segments of all documents under way share micro-batches,
 * which the model runs one after the other. A document's scores do not depend on the others in its batch.
 *
 * <p>The documents under way are not bounded here: whoever calls {@link #classify} bounds the futures that it holds.
 */
public final class DocumentClassifier implements AutoCloseable {

    private final Bundle bundle;
    private final ClassifierSettings settings;
    private final Tokenizer tokenizer;
    private final Segmenter segmenter;
    private final Windows windows;
    private final LabelPolicy labelPolicy;
    private final OnnxModel model;
    private final MicroBatcher batcher;

    private DocumentClassifier(Bundle bundle, ClassifierSettings settings, Tokenizer tokenizer, OnnxModel model) {
        Manifest manifest = bundle.manifest();
        Manifest.Segmentation segmentation = manifest.segmentation();
        this.bundle = bundle;
        this.settings = settings;
        this.tokenizer = tokenizer;
        this.segmenter = new Segmenter(
                segmentation.segmenter().equals("sentence") ? Segmenter.Kind.SENTENCE : Segmenter.Kind.UNIFORM,
                segmentation.segmentLength());
        this.windows = new Windows(segmentation.maxSegments(), segmentation.windowOverlap());
        this.labelPolicy = new LabelPolicy(manifest, settings.evidencePerLabel());
        this.model = model;
        BatchBudget budget = settings.batchSegments() == 0
                ? BatchBudget.learned(settings.batchTarget())
                : BatchBudget.fixed(settings.batchSegments());
        WarmUp.of(model, Packing.of(manifest), budget);
        this.batcher = new MicroBatcher(model, Packing.of(manifest), budget, knownGoodWindow(manifest));
    }

    /**
     * Open a bundle and replay its golden inputs.
     *
     * @throws BundleException listing every problem, if the bundle is not whole, its parts do not fit each other, or this machine does
     *     not compute what the exporter computed
     */
    public static DocumentClassifier open(Path bundleFolder, ClassifierSettings settings) {
        Bundle bundle = Bundle.open(bundleFolder);
        Tokenizer tokenizer = openTokenizer(bundle);
        OnnxModel model;
        try {
            model = OnnxModel.open(bundle.model(), settings.inferenceThreads());
        } catch (IllegalArgumentException e) {
            tokenizer.close();
            throw new BundleException(bundleFolder, List.of(String.valueOf(e.getMessage())));
        }
        List<String> problems =
                new ArrayList<>(GraphContract.problems(bundle.manifest(), model.inputs(), model.outputs()));
        if (!problems.isEmpty()) {
            model.close();
            tokenizer.close();
            throw new BundleException(bundleFolder, problems);
        }
        DocumentClassifier classifier = new DocumentClassifier(bundle, settings, tokenizer, model);
        problems.addAll(new SelfTest(classifier).problems(bundle.goldenCases()));
        if (!problems.isEmpty()) {
            classifier.close();
            throw new BundleException(bundleFolder, problems);
        }
        return classifier;
    }

    private static Tokenizer openTokenizer(Bundle bundle) {
        try {
            return Tokenizer.open(bundle.tokenizer());
        } catch (IllegalArgumentException | UncheckedIOException e) {
            throw new BundleException(bundle.folder(), List.of(String.valueOf(e.getMessage())));
        }
    }

    /** The shortest input there is; only whether the model answers matters. */
    private static Window knownGoodWindow(Manifest manifest) {
        return new Window(new int[] {manifest.specialTokens().cls()}, List.of(new Span(0, 1)));
    }

    public BundleInfo bundle() {
        return bundle.info();
    }

    /** What its micro-batches did so far and what waits for them. */
    public BatchStatistics statistics() {
        return batcher.statistics();
    }

    /** {@link #classify(String, boolean)} a text that is not urgent. */
    public CompletableFuture<Outcome> classify(String text) {
        return classify(text, false);
    }

    /**
     * Classify one text.
     *
     * @param urgent whether it may overtake texts that are not; those still get their share
     * @return completes with a {@link Rejection} if the document is at fault; exceptionally only if the machine is, or if this is closed
     *     meanwhile. Completes on a thread of this classifier, or at once
     */
    public CompletableFuture<Outcome> classify(String text, boolean urgent) {
        if (text.isBlank()) {
            return rejected(Reason.EMPTY_TEXT, "the text is empty or holds white space alone");
        }
        if (text.length() > settings.maxCharacters()) {
            return rejected(
                    Reason.TEXT_TOO_LONG,
                    "the text has %d characters, more than the limit of %d"
                            .formatted(text.length(), settings.maxCharacters()));
        }
        long begun = System.nanoTime();
        Segmented segmented = segment(text);
        long tokenizeMicros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begun);
        if (segmented.segments().isEmpty()) {
            return rejected(Reason.NO_TOKENS, "the tokenizer finds no token in the text");
        }
        int maxSegments = bundle.manifest().segmentation().maxSegments();
        Segmented seen = segmented;
        if (segmented.segments().size() > maxSegments) {
            switch (settings.longDocuments()) {
                case WINDOW -> {}
                case TRUNCATE -> seen = segmented.truncated(maxSegments);
                case REJECT -> {
                    return rejected(
                            Reason.TOO_MANY_SEGMENTS,
                            "the text has %d segments, more than the %d that the model sees at once; the job is set to reject such texts"
                                    .formatted(segmented.segments().size(), maxSegments));
                }
            }
        }
        return classify(seen, urgent, segmented.tokens().count(), tokenizeMicros);
    }

    private static CompletableFuture<Outcome> rejected(Reason reason, String message) {
        return CompletableFuture.completedFuture(new Rejection(reason, message));
    }

    private CompletableFuture<Outcome> classify(
            Segmented document, boolean urgent, int tokensTotal, long tokenizeMicros) {
        return score(document, urgent).thenApply(results -> {
            List<WindowLogits> logits = new ArrayList<>();
            long queueNanos = 0;
            long inferenceNanos = 0;
            for (WindowResult result : results) {
                if (result instanceof Refused refused) {
                    return new Rejection(Reason.INFERENCE_FAILED, refused.message());
                }
                Scored scored = (Scored) result;
                logits.add(scored.logits());
                queueNanos = Math.max(queueNanos, scored.queueNanos());
                inferenceNanos = Math.max(inferenceNanos, scored.inferenceNanos());
            }
            DocumentScores scores = DocumentScores.of(bundle.manifest(), document.windows(), logits);
            return new Classification(
                    labelPolicy.label(scores, document.tokens(), document.segments()),
                    document.tokensSeen() < tokensTotal
                            ? Coverage.TRUNCATED
                            : document.windows().size() > 1 ? Coverage.WINDOWED : Coverage.COMPLETE,
                    document.tokensSeen(),
                    tokensTotal,
                    document.segments().size(),
                    document.windows().size(),
                    new Timings(
                            tokenizeMicros,
                            TimeUnit.NANOSECONDS.toMicros(queueNanos),
                            TimeUnit.NANOSECONDS.toMicros(inferenceNanos)));
        });
    }

    Manifest manifest() {
        return bundle.manifest();
    }

    /** Tokens, segments and windows of all of a text. */
    Segmented segment(String text) {
        Tokens tokens = tokenizer.tokenize(text);
        List<Span> segments = segmenter.segment(text, tokens);
        return new Segmented(tokens, segments, windows.over(segments.size()));
    }

    /** Let the model see every window of a document. */
    CompletableFuture<List<WindowResult>> score(Segmented document, boolean urgent) {
        List<CompletableFuture<WindowResult>> results = document.windows().stream()
                .map(window -> batcher.submit(
                        new Window(document.tokens().ids(), document.segments().subList(window.first(), window.end())),
                        urgent))
                .toList();
        return CompletableFuture.allOf(results.toArray(CompletableFuture[]::new))
                .thenApply(done -> results.stream().map(CompletableFuture::join).toList());
    }

    /** Waits for the batch that runs. Futures of documents whose turn has not come complete exceptionally. */
    @Override
    public void close() {
        batcher.close();
        model.close();
        tokenizer.close();
    }

    /** A text on its way to the model. */
    record Segmented(Tokens tokens, List<Span> segments, List<Span> windows) {

        /** The first {@code count} segments, in one window. */
        Segmented truncated(int count) {
            return new Segmented(tokens, segments.subList(0, count), List.of(new Span(0, count)));
        }

        int tokensSeen() {
            return segments.get(segments.size() - 1).end();
        }
    }
}
