/** From a text to tokens, segments and windows. */
@NullMarked
package io.hatflow.inference.text;

import org.jspecify.annotations.NullMarked;
