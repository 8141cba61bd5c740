@NullMarked
package io.hatflow.inference;

import org.jspecify.annotations.NullMarked;
