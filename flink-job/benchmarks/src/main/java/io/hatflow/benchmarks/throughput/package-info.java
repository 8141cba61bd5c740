/** Documents per second: every contender on the same documents, by turns. */
@NullMarked
package io.hatflow.benchmarks.throughput;

import org.jspecify.annotations.NullMarked;
