/** The asynchronous operator: what is in flight, in which order it leaves, and what is counted. */
@NullMarked
package io.hatflow.flink.operator;

import org.jspecify.annotations.NullMarked;
