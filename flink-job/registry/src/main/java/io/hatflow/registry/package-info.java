/** A real schema registry as a process of this machine. */
@NullMarked
package io.hatflow.registry;

import org.jspecify.annotations.NullMarked;
