@NullMarked
package io.hatflow.inference.hourglass;

import org.jspecify.annotations.NullMarked;
