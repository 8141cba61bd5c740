@NullMarked
package io.hatflow.job.classify;

import org.jspecify.annotations.NullMarked;
