/** JMH and pipeline benchmarks. Never deployed. */
@NullMarked
package io.hatflow.benchmarks;

import org.jspecify.annotations.NullMarked;
