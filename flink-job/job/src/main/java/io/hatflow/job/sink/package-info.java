/** From events to Kafka's bytes. */
@NullMarked
package io.hatflow.job.sink;

import org.jspecify.annotations.NullMarked;
