/** Documents as people have them in files. */
@NullMarked
package io.hatflow.cli.files;

import org.jspecify.annotations.NullMarked;
