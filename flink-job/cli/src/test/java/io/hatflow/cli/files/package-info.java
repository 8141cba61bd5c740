@NullMarked
package io.hatflow.cli.files;

import org.jspecify.annotations.NullMarked;
