package io.hatflow.job.classify;

import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleInfo;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The right to use a shared classifier until the lease is closed.
 *
 * @param classifier what answers
 * @param bundle what classifies
 * @param loadTime how long it took to open
 * @param statistics of the classifier, whoever used it
 * @param condemn called when it failed or hangs: whoever leases from now on gets another
 * @param release called once, when its holder is done
 */
public record LeasedClassifier(
        Classifier classifier,
        BundleInfo bundle,
        Duration loadTime,
        Supplier<BatchStatistics> statistics,
        Runnable condemn,
        Runnable release)
        implements AutoCloseable {

    /** Classifies texts; thread-safe. */
    @FunctionalInterface
    public interface Classifier {

        /** Completes exceptionally only through the machine's fault. Urgent texts may overtake the others. */
        CompletableFuture<Outcome> classify(String text, boolean urgent);

        /** The same for a text that came in segments. */
        default CompletableFuture<Outcome> classify(List<String> segments, boolean urgent) {
            return classify(String.join("\n", segments), urgent);
        }

        /** What asks a classifier of a bundle. */
        static Classifier of(DocumentClassifier classifier) {
            return new Classifier() {
                @Override
                public CompletableFuture<Outcome> classify(String text, boolean urgent) {
                    return classifier.classify(text, urgent);
                }

                @Override
                public CompletableFuture<Outcome> classify(List<String> segments, boolean urgent) {
                    return classifier.classify(segments, urgent);
                }
            };
        }
    }

    @Override
    public void close() {
        release.run();
    }
}
