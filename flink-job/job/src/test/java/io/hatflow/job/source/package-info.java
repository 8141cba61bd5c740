@NullMarked
package io.hatflow.job.source;

import org.jspecify.annotations.NullMarked;
