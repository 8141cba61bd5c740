/** The demo: broker, Flink and model on one machine. */
@NullMarked
package io.hatflow.cli.demo;

import org.jspecify.annotations.NullMarked;
