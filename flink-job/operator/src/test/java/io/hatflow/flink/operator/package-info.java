@NullMarked
package io.hatflow.flink.operator;

import org.jspecify.annotations.NullMarked;
