package io.hatflow.flink.pool;

import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.onnx.Device;
import java.util.concurrent.CompletableFuture;

/** A bundle that labels texts. */
record OpenClassifier(DocumentClassifier classifier) implements OpenBundle {

    @Override
    public CompletableFuture<Outcome> classify(TextInput text, boolean urgent) {
        return text.segments().isEmpty()
                ? classifier.classify(text.whole(), urgent)
                : classifier.classify(text.segments(), urgent);
    }

    @Override
    public BundleInfo info() {
        return classifier.bundle();
    }

    @Override
    public Device device() {
        return classifier.device();
    }

    @Override
    public BatchStatistics statistics() {
        return classifier.statistics();
    }

    @Override
    public boolean isOpen() {
        return classifier.isOpen();
    }

    @Override
    public void close() {
        classifier.close();
    }
}
