/** The Flink job: Kafka source and sinks, the classification operator around {@code io.hatflow.inference}, settings, main. */
@NullMarked
package io.hatflow.job;

import org.jspecify.annotations.NullMarked;
