/** Documents that bring their task down: how often they did, kept where a crash does not reach, and the careful way to the model. */
@NullMarked
package io.hatflow.flink.quarantine;

import org.jspecify.annotations.NullMarked;
