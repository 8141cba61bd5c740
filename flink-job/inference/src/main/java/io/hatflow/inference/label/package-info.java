/** From scores to labels with evidence. */
@NullMarked
package io.hatflow.inference.label;

import org.jspecify.annotations.NullMarked;
