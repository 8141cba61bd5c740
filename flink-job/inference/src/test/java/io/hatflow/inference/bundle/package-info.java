@NullMarked
package io.hatflow.inference.bundle;

import org.jspecify.annotations.NullMarked;
