package io.hatflow.job.classify;

import io.hatflow.inference.Outcome;
import io.hatflow.inference.bundle.BundleInfo;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * The right to use a shared classifier until the lease is closed.
 *
 * @param classify thread-safe; completes exceptionally only through the machine's fault
 * @param bundle what classifies
 * @param release called once, when its holder is done
 */
public record LeasedClassifier(
        Function<String, CompletableFuture<Outcome>> classify, BundleInfo bundle, Runnable release)
        implements AutoCloseable {

    @Override
    public void close() {
        release.run();
    }
}
