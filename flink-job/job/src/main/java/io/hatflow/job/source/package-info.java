/** From Kafka's bytes to documents, or to the reason why they are none. */
@NullMarked
package io.hatflow.job.source;

import org.jspecify.annotations.NullMarked;
