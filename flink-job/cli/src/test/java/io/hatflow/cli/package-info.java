@NullMarked
package io.hatflow.cli;

import org.jspecify.annotations.NullMarked;
