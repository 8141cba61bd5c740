@NullMarked
package io.hatflow.inference.label;

import org.jspecify.annotations.NullMarked;
