@NullMarked
package io.hatflow.cli.demo;

import org.jspecify.annotations.NullMarked;
