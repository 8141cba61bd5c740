/** The wall around ONNX Runtime. */
@NullMarked
package io.hatflow.inference.onnx;

import org.jspecify.annotations.NullMarked;
