package io.hatflow.inference;

import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.task.EmbeddingHead;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Turns documents into vectors with a bundle of task {@code embedding}. Thread-safe; batches like {@link DocumentClassifier}. */
public final class DocumentEmbedder implements AutoCloseable {

    private final LoadedModel model;
    private final EmbeddingHead head;

    private final int maxCharacters;

    private DocumentEmbedder(LoadedModel model, int maxCharacters) {
        this.model = model;
        this.head = (EmbeddingHead) model.manifest().head(); // as of the task
        this.maxCharacters = maxCharacters;
    }

    /**
     * Open a bundle and replay its golden inputs.
     *
     * @param maxCharacters UTF-16 code units beyond which a text is rejected before it is tokenized
     * @param signer who must have signed the bundle; null if nobody must
     * @throws BundleException listing every problem, if the bundle has another task or cannot be trusted
     * @throws io.hatflow.inference.onnx.DeviceException if the device cannot be used
     */
    public static DocumentEmbedder open(
            Path bundleFolder, ModelSettings settings, int maxCharacters, @Nullable SignerKey signer) {
        Positive.require("maxCharacters", maxCharacters);
        LoadedModel model = LoadedModel.open(bundleFolder, settings, EnumSet.of(Task.EMBEDDING), signer);
        return new DocumentEmbedder(model, maxCharacters);
    }

    public BundleInfo bundle() {
        return model.info();
    }

    /** Where it runs; never {@link Device.Kind#AUTO}. */
    public Device device() {
        return model.device();
    }

    /** What its micro-batches did so far and what waits for them. */
    public BatchStatistics statistics() {
        return model.statistics();
    }

    /** {@link #embed(String, boolean)} of a text that is not urgent. */
    public CompletableFuture<Outcome> embed(String text) {
        return embed(text, false);
    }

    /**
     * The vector of a text, all of which is seen: the mean of those of its windows, not normalised.
     *
     * @param urgent whether it may overtake texts that are not; those still get their share
     * @return an {@link Embedding}, or a {@link Rejection} if the text is at fault; completes exceptionally only if the machine is. Who
     *     cancels it takes the text out of the queue
     */
    public CompletableFuture<Outcome> embed(String text, boolean urgent) {
        return Intake.of(
                text.isBlank(),
                text.length(),
                maxCharacters,
                () -> model.segment(text),
                (document, tokenizeNanos) -> WindowAnswers.outcome(
                        model.answer(document, urgent),
                        tokenizeNanos,
                        answered -> new Embedding(
                                head.mean(answered.answers()),
                                document.segments().size(),
                                document.windows().size(),
                                answered.timings())));
    }

    /** Whether it answers: neither closed nor has the machine failed, after which another one is needed. */
    public boolean isOpen() {
        return model.isOpen();
    }

    @Override
    public void close() {
        model.close();
    }
}
