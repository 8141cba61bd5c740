/** Micro-batches in the tensor layout of the packed graph. */
@NullMarked
package io.hatflow.inference.packing;

import org.jspecify.annotations.NullMarked;
