/** The demo: broker, Flink and model on one machine. Not in the deployed jar. */
@NullMarked
package io.hatflow.job.demo;

import org.jspecify.annotations.NullMarked;
