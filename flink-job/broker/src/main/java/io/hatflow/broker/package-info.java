/** A real Kafka broker as a process of this machine. */
@NullMarked
package io.hatflow.broker;

import org.jspecify.annotations.NullMarked;
