@NullMarked
package io.hatflow.schemas;

import org.jspecify.annotations.NullMarked;
