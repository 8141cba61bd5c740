/** The documents that are measured: written here, drawn from a fixed seed, with the lengths of real streams. */
@NullMarked
package io.hatflow.benchmarks.document;

import org.jspecify.annotations.NullMarked;
