/** What a device computes: the same as the CPU, in any batch, and when its memory runs out. */
@NullMarked
package io.hatflow.benchmarks.device;

import org.jspecify.annotations.NullMarked;
