/** Hourglass models: windows of symbols, and the graph that answers them. */
@NullMarked
package io.hatflow.inference.hourglass;

import org.jspecify.annotations.NullMarked;
