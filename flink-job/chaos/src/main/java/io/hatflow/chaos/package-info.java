/** Documents and faults for a cluster, by a schedule that follows from a seed, and what came of them. */
@NullMarked
package io.hatflow.chaos;

import org.jspecify.annotations.NullMarked;
