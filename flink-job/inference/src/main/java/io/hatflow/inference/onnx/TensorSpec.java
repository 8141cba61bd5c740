package io.hatflow.inference.onnx;

import java.util.List;

/**
 * Name, element type and shape of a graph's input or output.
 *
 * @param type as in the manifest: {@code int64}, {@code float32}, …
 * @param shape every axis a number, or a symbol for an axis that varies
 */
public record TensorSpec(String name, String type, List<String> shape) {

    public TensorSpec {
        shape = List.copyOf(shape);
    }

    /** Numbers of single precision. */
    public static TensorSpec float32(String name, String... shape) {
        return new TensorSpec(name, "float32", List.of(shape));
    }

    /** Integers. */
    public static TensorSpec int64(String name, String... shape) {
        return new TensorSpec(name, "int64", List.of(shape));
    }

    @Override
    public String toString() {
        return name + " " + type + shape;
    }
}
