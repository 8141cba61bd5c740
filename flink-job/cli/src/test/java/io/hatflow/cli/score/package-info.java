@NullMarked
package io.hatflow.cli.score;

import org.jspecify.annotations.NullMarked;
