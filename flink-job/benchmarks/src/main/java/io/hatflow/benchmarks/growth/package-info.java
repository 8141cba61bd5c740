/** How cost grows with the length of a document, with the queue, and with the number of tasks. */
@NullMarked
package io.hatflow.benchmarks.growth;

import org.jspecify.annotations.NullMarked;
