@NullMarked
package io.hatflow.job.format;

import org.jspecify.annotations.NullMarked;
