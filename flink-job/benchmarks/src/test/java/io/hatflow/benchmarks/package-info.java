@NullMarked
package io.hatflow.benchmarks;

import org.jspecify.annotations.NullMarked;
