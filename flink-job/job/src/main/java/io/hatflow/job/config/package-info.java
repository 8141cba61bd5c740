/** Where settings come from, how they are read, and what is said about mistakes in them. */
@NullMarked
package io.hatflow.job.config;

import org.jspecify.annotations.NullMarked;
