/** What contenders share: reading a text as the bundle does, and the plain graph. */
@NullMarked
package io.hatflow.benchmarks.model;

import org.jspecify.annotations.NullMarked;
