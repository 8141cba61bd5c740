/**
 * Long-document classification in plain Java: bundle, tokenizer, segmenter, micro-batcher, ONNX session, label policy.
 *
 * <p>Nothing here knows of Flink, Kafka or Avro. {@code ai.onnxruntime} and {@code ai.djl} are each imported by one class.
 */
@NullMarked
package io.hatflow.inference;

import org.jspecify.annotations.NullMarked;
