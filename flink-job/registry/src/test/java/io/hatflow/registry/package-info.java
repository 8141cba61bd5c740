@NullMarked
package io.hatflow.registry;

import org.jspecify.annotations.NullMarked;
