@NullMarked
package io.hatflow.job.sink;

import org.jspecify.annotations.NullMarked;
