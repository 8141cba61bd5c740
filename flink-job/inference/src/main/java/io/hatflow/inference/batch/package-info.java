/** Who shares a micro-batch, when it runs, and what happens when it fails. */
@NullMarked
package io.hatflow.inference.batch;

import org.jspecify.annotations.NullMarked;
