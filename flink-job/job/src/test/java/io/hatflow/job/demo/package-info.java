@NullMarked
package io.hatflow.job.demo;

import org.jspecify.annotations.NullMarked;
