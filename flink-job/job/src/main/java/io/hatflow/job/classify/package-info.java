/** From documents to events, through the classifier that the tasks of a JVM share. */
@NullMarked
package io.hatflow.job.classify;

import org.jspecify.annotations.NullMarked;
