@NullMarked
package io.hatflow.inference.text;

import org.jspecify.annotations.NullMarked;
