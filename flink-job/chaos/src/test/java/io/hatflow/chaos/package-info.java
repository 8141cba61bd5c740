@NullMarked
package io.hatflow.chaos;

import org.jspecify.annotations.NullMarked;
