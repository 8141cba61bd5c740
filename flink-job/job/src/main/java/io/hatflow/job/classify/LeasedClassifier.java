package io.hatflow.job.classify;

import io.hatflow.inference.Outcome;
import io.hatflow.inference.bundle.BundleInfo;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * A task's right to use a classifier until it closes the lease.
 *
 * @param classify thread-safe; completes exceptionally only through the machine's fault
 * @param bundle what classifies
 * @param release called once, when the task is done with it
 */
record LeasedClassifier(Function<String, CompletableFuture<Outcome>> classify, BundleInfo bundle, Runnable release)
        implements AutoCloseable {

    @Override
    public void close() {
        release.run();
    }
}
