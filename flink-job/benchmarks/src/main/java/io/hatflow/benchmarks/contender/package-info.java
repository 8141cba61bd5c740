/** One class for each way to classify a stream of documents, all behind {@link io.hatflow.benchmarks.contender.Contender}. */
@NullMarked
package io.hatflow.benchmarks.contender;

import org.jspecify.annotations.NullMarked;
