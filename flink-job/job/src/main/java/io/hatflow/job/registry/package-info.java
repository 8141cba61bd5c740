/** A schema registry that speaks Confluent's REST API: what is asked of it, over HTTP. */
@NullMarked
package io.hatflow.job.registry;

import org.jspecify.annotations.NullMarked;
