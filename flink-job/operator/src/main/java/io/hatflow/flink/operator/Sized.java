package io.hatflow.flink.operator;

/**
 * A result on its way out of the operator.
 *
 * @param bytes of the element in whose place it leaves
 */
record Sized<R>(R result, long bytes) {}
