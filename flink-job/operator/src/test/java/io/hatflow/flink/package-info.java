@NullMarked
package io.hatflow.flink;

import org.jspecify.annotations.NullMarked;
