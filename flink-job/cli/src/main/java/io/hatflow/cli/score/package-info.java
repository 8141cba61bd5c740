/** The job's decoding, classification and events over a file of JSON lines instead of a topic, in this JVM and without Flink. */
@NullMarked
package io.hatflow.cli.score;

import org.jspecify.annotations.NullMarked;
