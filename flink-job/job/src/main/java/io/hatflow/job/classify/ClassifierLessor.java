package io.hatflow.job.classify;

import java.io.Serializable;
import org.apache.flink.api.common.functions.RuntimeContext;

/** Where a task gets its classifier from. Travels from where the job is submitted to its tasks. */
@FunctionalInterface
public interface ClassifierLessor extends Serializable {

    /** Leases a classifier to a task; the caller closes the lease. */
    LeasedClassifier lease(RuntimeContext task);
}
