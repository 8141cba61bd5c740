@NullMarked
package io.hatflow.inference.hat;

import org.jspecify.annotations.NullMarked;
