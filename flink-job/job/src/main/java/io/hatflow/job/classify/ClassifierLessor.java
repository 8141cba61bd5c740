package io.hatflow.job.classify;

import java.io.Serializable;

/** Where a task gets its classifier from. Travels from where the job is submitted to its tasks. */
@FunctionalInterface
interface ClassifierLessor extends Serializable {

    /** Leases a classifier; the caller closes the lease. */
    LeasedClassifier lease();
}
