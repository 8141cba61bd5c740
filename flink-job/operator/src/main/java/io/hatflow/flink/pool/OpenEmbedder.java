package io.hatflow.flink.pool;

import io.hatflow.inference.DocumentEmbedder;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.onnx.Device;
import java.util.concurrent.CompletableFuture;

/** A bundle that turns texts into vectors. Segments are joined: a vector is of the whole text. */
record OpenEmbedder(DocumentEmbedder embedder) implements OpenBundle {

    @Override
    public CompletableFuture<Outcome> classify(TextInput text, boolean urgent) {
        return embedder.embed(text.segments().isEmpty() ? text.whole() : String.join("\n", text.segments()), urgent);
    }

    @Override
    public BundleInfo info() {
        return embedder.bundle();
    }

    @Override
    public Device device() {
        return embedder.device();
    }

    @Override
    public BatchStatistics statistics() {
        return embedder.statistics();
    }

    @Override
    public boolean isOpen() {
        return embedder.isOpen();
    }

    @Override
    public void close() {
        embedder.close();
    }
}
