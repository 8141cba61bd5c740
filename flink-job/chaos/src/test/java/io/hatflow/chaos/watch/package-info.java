@NullMarked
package io.hatflow.chaos.watch;

import org.jspecify.annotations.NullMarked;
