@NullMarked
package io.hatflow.chaos.check;

import org.jspecify.annotations.NullMarked;
