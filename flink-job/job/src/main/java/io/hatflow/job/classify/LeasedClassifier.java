package io.hatflow.job.classify;

import io.hatflow.events.Document;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleInfo;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The right to use a shared classifier until the lease is closed.
 *
 * @param classifier what answers
 * @param bundle what classifies
 * @param loadTime how long it took to open
 * @param statistics of the classifier, for all who use it
 * @param release called when its holder is done; never waits for the model
 */
public record LeasedClassifier(
        Classifier classifier,
        BundleInfo bundle,
        Duration loadTime,
        Supplier<BatchStatistics> statistics,
        Runnable release)
        implements AutoCloseable {

    /** Classifies documents; thread-safe. */
    @FunctionalInterface
    public interface Classifier {

        /**
         * Completes exceptionally only through the machine's fault: with a {@link java.util.concurrent.CancellationException}, by itself
         * or as the cause, if the document was not with the model when that failed. Urgent ones may overtake the others. Cancelling
         * the answer takes the document out of the queue.
         */
        CompletableFuture<Outcome> classify(Document document, boolean urgent);
    }

    @Override
    public void close() {
        release.run();
    }
}
