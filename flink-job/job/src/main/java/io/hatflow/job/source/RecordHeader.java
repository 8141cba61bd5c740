package io.hatflow.job.source;

import org.jspecify.annotations.Nullable;

/** A header of a Kafka record, as it came. Keys may repeat. */
@SuppressWarnings("ArrayRecordComponent") // Kafka's bytes; never compared
public record RecordHeader(String key, byte @Nullable [] value) {}
