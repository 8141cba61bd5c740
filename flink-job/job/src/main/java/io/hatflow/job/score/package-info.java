/**
 * The same decoding, classification and events over a file of JSON lines instead of a topic, in this JVM and without Flink.
 *
 * <p>For one's own machine; not in the deployed jar.
 */
@NullMarked
package io.hatflow.job.score;

import org.jspecify.annotations.NullMarked;
