/** The job as it is deployed, between a broker and a harness that sends documents and takes the time of their events. */
@NullMarked
package io.hatflow.benchmarks.kafka;

import org.jspecify.annotations.NullMarked;
