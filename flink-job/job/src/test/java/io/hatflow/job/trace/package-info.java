@NullMarked
package io.hatflow.job.trace;

import org.jspecify.annotations.NullMarked;
