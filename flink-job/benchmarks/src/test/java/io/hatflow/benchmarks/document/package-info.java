@NullMarked
package io.hatflow.benchmarks.document;

import org.jspecify.annotations.NullMarked;
