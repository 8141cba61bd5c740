@NullMarked
package io.hatflow.job.config;

import org.jspecify.annotations.NullMarked;
