@NullMarked
package io.hatflow.inference.batch;

import org.jspecify.annotations.NullMarked;
