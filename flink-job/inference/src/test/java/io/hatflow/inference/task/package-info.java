@NullMarked
package io.hatflow.inference.task;

import org.jspecify.annotations.NullMarked;
