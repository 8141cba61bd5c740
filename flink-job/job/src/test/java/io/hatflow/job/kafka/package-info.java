@NullMarked
package io.hatflow.job.kafka;

import org.jspecify.annotations.NullMarked;
