/** Classification of the texts in any Flink stream. */
@NullMarked
package io.hatflow.flink;

import org.jspecify.annotations.NullMarked;
