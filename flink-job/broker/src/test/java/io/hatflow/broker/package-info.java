@NullMarked
package io.hatflow.broker;

import org.jspecify.annotations.NullMarked;
