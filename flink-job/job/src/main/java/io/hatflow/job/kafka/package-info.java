/** How the job and the commands reach Kafka, and what they say when Kafka does not let them. */
@NullMarked
package io.hatflow.job.kafka;

import org.jspecify.annotations.NullMarked;
