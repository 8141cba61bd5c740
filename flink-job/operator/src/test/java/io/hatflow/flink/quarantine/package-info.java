@NullMarked
package io.hatflow.flink.quarantine;

import org.jspecify.annotations.NullMarked;
