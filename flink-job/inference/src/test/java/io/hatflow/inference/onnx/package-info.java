@NullMarked
package io.hatflow.inference.onnx;

import org.jspecify.annotations.NullMarked;
