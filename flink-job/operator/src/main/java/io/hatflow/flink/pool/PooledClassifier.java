package io.hatflow.flink.pool;

import io.hatflow.inference.Outcome;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.onnx.Device;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The use of a shared classifier, until this is closed.
 *
 * @param classifier what answers
 * @param bundle what classifies
 * @param device where it runs
 * @param loadTime how long it took to open
 * @param statistics of the classifier, for all who use it
 * @param release called when its user is done; never waits for the model
 */
public record PooledClassifier(
        Classifier classifier,
        BundleInfo bundle,
        Device device,
        Duration loadTime,
        Supplier<BatchStatistics> statistics,
        Runnable release)
        implements AutoCloseable {

    /** Classifies texts; thread-safe. */
    @FunctionalInterface
    public interface Classifier {

        /**
         * Completes exceptionally only through the machine's fault: with a {@link java.util.concurrent.CancellationException}, by itself
         * or as the cause, if the text was not with the model when that failed. Urgent ones may overtake the others. Cancelling
         * the answer takes the text out of the queue.
         */
        CompletableFuture<Outcome> classify(TextInput text, boolean urgent);
    }

    @Override
    public void close() {
        release.run();
    }
}
