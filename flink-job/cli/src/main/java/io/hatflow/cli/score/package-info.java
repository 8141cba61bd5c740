/** The job's decoding, classification and events over files instead of topics, in this JVM and without Flink. */
@NullMarked
package io.hatflow.cli.score;

import org.jspecify.annotations.NullMarked;
