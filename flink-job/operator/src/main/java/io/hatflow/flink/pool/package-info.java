/** The classifiers of a JVM, which its tasks share. */
@NullMarked
package io.hatflow.flink.pool;

import org.jspecify.annotations.NullMarked;
