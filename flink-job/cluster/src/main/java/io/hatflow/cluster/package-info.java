/** A cluster in a box: broker, JobManager and TaskManagers as processes of one machine, each started again when it dies. */
@NullMarked
package io.hatflow.cluster;

import org.jspecify.annotations.NullMarked;
