package io.hatflow.flink.pool;

import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.onnx.Device;

/** A bundle that is loaded and answers texts, whatever it says of them. Thread-safe. */
interface OpenBundle extends PooledClassifier.Classifier, AutoCloseable {

    BundleInfo info();

    /** Where it runs. */
    Device device();

    /** Of all who use it. */
    BatchStatistics statistics();

    /** Whether it answers: neither closed nor has the machine failed. */
    boolean isOpen();

    /** Waits for the batch that runs. */
    @Override
    void close();
}
