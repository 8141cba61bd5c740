/** How long documents take from Kafka to Kafka while a known share of the capacity is offered, and whether memory stays level. */
@NullMarked
package io.hatflow.benchmarks.latency;

import org.jspecify.annotations.NullMarked;
