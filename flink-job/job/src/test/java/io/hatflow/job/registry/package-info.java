@NullMarked
package io.hatflow.job.registry;

import org.jspecify.annotations.NullMarked;
