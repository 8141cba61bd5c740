@NullMarked
package io.hatflow.flink.pool;

import org.jspecify.annotations.NullMarked;
