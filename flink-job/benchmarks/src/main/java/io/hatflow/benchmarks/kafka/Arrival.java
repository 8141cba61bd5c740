package io.hatflow.benchmarks.kafka;

/**
 * An event that came out of the job.
 *
 * @param id of the document
 * @param nanos {@link System#nanoTime} when its consumer got it
 * @param value the record's value, not decoded yet: that shall take no time while something is measured
 */
@SuppressWarnings("ArrayRecordComponent") // Kafka's bytes; never compared
public record Arrival(String id, long nanos, byte[] value) {}
