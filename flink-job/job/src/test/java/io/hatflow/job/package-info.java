@NullMarked
package io.hatflow.job;

import org.jspecify.annotations.NullMarked;
