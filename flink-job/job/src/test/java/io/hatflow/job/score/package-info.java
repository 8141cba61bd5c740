@NullMarked
package io.hatflow.job.score;

import org.jspecify.annotations.NullMarked;
