/** The model bundle: what it promises, and whether it keeps it. */
@NullMarked
package io.hatflow.inference.bundle;

import org.jspecify.annotations.NullMarked;
