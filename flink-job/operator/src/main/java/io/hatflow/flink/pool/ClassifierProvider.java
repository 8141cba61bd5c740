package io.hatflow.flink.pool;

import java.io.Serializable;
import org.apache.flink.api.common.functions.RuntimeContext;

/** Where a task gets its classifier from. Travels from where the job is submitted to its tasks. */
@FunctionalInterface
public interface ClassifierProvider extends Serializable {

    /**
     * A classifier for a task, which closes it when it ends.
     *
     * @throws io.hatflow.inference.bundle.BundleException if the bundle is refused
     * @throws io.hatflow.inference.onnx.DeviceException if the device cannot be used
     */
    PooledClassifier classifier(RuntimeContext task);
}
