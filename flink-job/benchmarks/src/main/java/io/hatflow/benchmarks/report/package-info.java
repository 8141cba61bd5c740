/** What is shown while benchmarks run, and what is kept of them. */
@NullMarked
package io.hatflow.benchmarks.report;

import org.jspecify.annotations.NullMarked;
