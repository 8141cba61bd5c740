package io.hatflow.inference;

import io.hatflow.inference.Labelling.Labelled;
import io.hatflow.inference.Rejection.Reason;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.Bundle;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Classifies documents with a model bundle. A language model says of each document whether it is garbled, in the same form; {@link
 * LanguageModel} gives its numbers as they are.
 *
 * <p>Thread-safe. Texts are cut on the caller's thread; the segments of all documents under way share micro-batches, which the model runs one after the other. A document's scores do not depend on the others in its batch.
 *
 * <p>The documents under way are not bounded here: whoever calls {@link #classify} bounds the futures that it holds.
 */
public final class DocumentClassifier implements AutoCloseable {

    private static final Set<Task> TASKS = EnumSet.of(
            Task.DOCUMENT_CLASSIFICATION, Task.SEGMENT_CLASSIFICATION, Task.TOKEN_CLASSIFICATION, Task.LANGUAGE_MODEL);

    private final LoadedModel model;
    private final ClassifierSettings settings;
    private final Labelling labelling;

    private DocumentClassifier(LoadedModel model, ClassifierSettings settings) {
        this.model = model;
        this.settings = settings;
        this.labelling = Labelling.of(model.manifest(), settings.evidencePerLabel());
    }

    /**
     * Open a bundle and replay its golden inputs.
     *
     * @throws BundleException listing every problem, if the bundle has no labels, is not whole, its parts do not fit each other, or
     *     this machine does not compute what the exporter computed
     * @throws io.hatflow.inference.onnx.DeviceException if the device cannot be used
     */
    public static DocumentClassifier open(Path bundleFolder, ClassifierSettings settings) {
        return open(bundleFolder, settings, null);
    }

    /**
     * As {@link #open(Path, ClassifierSettings)}, and before anything of the bundle is used, see that it is signed.
     *
     * @param signer who must have signed the bundle; null if nobody must
     * @throws BundleException also if it has no signature, or none by this key
     */
    public static DocumentClassifier open(Path bundleFolder, ClassifierSettings settings, @Nullable SignerKey signer) {
        return new DocumentClassifier(LoadedModel.open(bundleFolder, settings.model(), TASKS, signer), settings);
    }

    /**
     * Looks at a bundle without loading its model.
     *
     * @param signer who must have signed the bundle; null if nobody must
     * @throws BundleException listing every problem, if the bundle has no labels, is not whole or not signed
     */
    public static void check(Path bundleFolder, @Nullable SignerKey signer) {
        LoadedModel.bundle(bundleFolder, TASKS, signer);
    }

    /**
     * What tells the content of a bundle from any other's: {@link BundleInfo#digest}. Reads its manifest alone.
     *
     * @throws BundleException if there is no manifest
     */
    public static String digest(Path bundleFolder) {
        return Bundle.digest(bundleFolder);
    }

    public BundleInfo bundle() {
        return model.info();
    }

    /** Where it runs; never {@link Device.Kind#AUTO}. */
    public Device device() {
        return model.device();
    }

    /**
     * What the model sees of a text.
     *
     * @throws IllegalArgumentException if it sees nothing of it
     */
    SegmentedDocument segment(String text) {
        return model.segment(text);
    }

    /** What its micro-batches did so far and what waits for them. */
    public BatchStatistics statistics() {
        return model.statistics();
    }

    /** {@link #classify(String, boolean)} a text that is not urgent. */
    public CompletableFuture<Outcome> classify(String text) {
        return classify(text, false);
    }

    /**
     * Classify one text.
     *
     * @param urgent whether it may overtake texts that are not; those still get their share
     * @return completes with a {@link Rejection} if the document is at fault; exceptionally only if the machine is, with a {@link
     *     java.util.concurrent.CancellationException} as the cause if this was closed or failed before the document's turn. Completes on a
     *     thread of this classifier, or at once. Who cancels it takes the document out of the queue
     */
    public CompletableFuture<Outcome> classify(String text, boolean urgent) {
        return Intake.of(
                text.isBlank(),
                text.length(),
                settings.maxCharacters(),
                () -> model.segment(text),
                (document, tokenizeNanos) -> classify(document, urgent, tokenizeNanos));
    }

    /**
     * As {@link #classify(String, boolean)}, of a text that came in segments. None that the model sees holds tokens of two of them; longer
     * ones are split. A model that reads symbols sees them joined. Offsets of evidence are those in the segments joined by one line feed.
     */
    public CompletableFuture<Outcome> classify(List<String> segments, boolean urgent) {
        long length =
                segments.stream().mapToLong(segment -> segment.length() + 1L).sum() - 1;
        return Intake.of(
                segments.stream().allMatch(String::isBlank),
                length,
                settings.maxCharacters(),
                () -> model.segment(segments),
                (document, tokenizeNanos) -> classify(document, urgent, tokenizeNanos));
    }

    private CompletableFuture<Outcome> classify(SegmentedDocument segmented, boolean urgent, long tokenizeNanos) {
        int maxSegments = model.maxSegments();
        SegmentedDocument seen = segmented;
        if (segmented.segments().size() > maxSegments) {
            switch (settings.longDocuments()) {
                case WINDOW -> {}
                case TRUNCATE -> seen = segmented.truncated(maxSegments);
                case REJECT -> {
                    return CompletableFuture.completedFuture(new Rejection(
                            Reason.TOO_MANY_SEGMENTS,
                            "the text has %d segments, more than the %d that the model sees at once, and such texts are to be rejected"
                                    .formatted(segmented.segments().size(), maxSegments)));
                }
            }
        }
        return answer(seen, urgent, tokenizeNanos);
    }

    private CompletableFuture<Outcome> answer(SegmentedDocument document, boolean urgent, long tokenizeNanos) {
        return WindowAnswers.outcome(
                model.answer(document, urgent), tokenizeNanos, answered -> classification(document, answered));
    }

    private Classification classification(SegmentedDocument document, WindowAnswers answered) {
        Labelled labelled = labelling.label(document, answered.answers());
        return new Classification(
                labelled.labels(),
                labelled.bitsPerByte(),
                document.coverage(),
                document.tokensSeen(),
                document.tokens().count(),
                document.segments().size(),
                document.windows().size(),
                answered.timings());
    }

    /** Whether it answers: neither closed nor has the machine failed, after which another classifier is needed. */
    public boolean isOpen() {
        return model.isOpen();
    }

    /** Waits for the batch that runs. Futures of documents whose turn has not come complete exceptionally. */
    @Override
    public void close() {
        model.close();
    }
}
