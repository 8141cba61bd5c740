/** What processes and brokers hold over time. */
@NullMarked
package io.hatflow.chaos.watch;

import org.jspecify.annotations.NullMarked;
