/** The commands of {@code deploy/hatflow} for one's own machine: demo, score, run, send, read, replay. */
@NullMarked
package io.hatflow.cli;

import org.jspecify.annotations.NullMarked;
