package io.hatflow.inference;

import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.task.EmbeddingHead;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;

/** Turns documents into vectors with a bundle of task {@code embedding}. Thread-safe; batches like {@link DocumentClassifier}. */
public final class DocumentEmbedder implements AutoCloseable {

    private final LoadedModel model;
    private final EmbeddingHead head;

    private DocumentEmbedder(LoadedModel model) {
        this.model = model;
        this.head = (EmbeddingHead) model.manifest().head(); // as of the task
    }

    /**
     * Open a bundle and replay its golden inputs.
     *
     * @throws BundleException listing every problem, if the bundle has another task or cannot be trusted
     */
    public static DocumentEmbedder open(Path bundleFolder, ModelSettings settings) {
        return new DocumentEmbedder(LoadedModel.open(bundleFolder, settings, EnumSet.of(Task.EMBEDDING)));
    }

    public BundleInfo bundle() {
        return model.info();
    }

    /**
     * The vector of a text, all of which is seen: the mean of those of its windows, not normalised.
     *
     * @return [H]; completes exceptionally if the model fails
     * @throws IllegalArgumentException if the tokenizer finds no token in the text
     */
    public CompletableFuture<float[]> embed(String text) {
        return model.answer(model.segmentWithTokens(text))
                .thenApply(results -> head.mean(WindowResult.answers(results)));
    }

    @Override
    public void close() {
        model.close();
    }
}
