@NullMarked
package io.hatflow.job.quarantine;

import org.jspecify.annotations.NullMarked;
