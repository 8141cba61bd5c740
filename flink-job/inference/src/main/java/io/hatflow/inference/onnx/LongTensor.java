package io.hatflow.inference.onnx;

/**
 * An int64 input of a graph.
 *
 * @param values in row-major order
 * @param shape whose product is the count of values
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
public record LongTensor(String name, long[] values, long... shape) {}
