package io.hatflow.benchmarks.contender;

/** A document's answer on its way to the sink: scores [C]. A Flink POJO. */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Scored(String id, float[] scores) {}
