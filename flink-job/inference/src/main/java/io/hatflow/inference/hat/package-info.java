/** Hierarchical Attention Transformers: windows of segments, and the packed graph that answers them. */
@NullMarked
package io.hatflow.inference.hat;

import org.jspecify.annotations.NullMarked;
