@NullMarked
package io.hatflow.inference.packing;

import org.jspecify.annotations.NullMarked;
