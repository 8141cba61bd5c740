@NullMarked
package io.hatflow.job.cli;

import org.jspecify.annotations.NullMarked;
