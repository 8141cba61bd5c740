/** What the bytes of a record or the line of a file mean: a document, or why there is none. */
@NullMarked
package io.hatflow.job.format;

import org.jspecify.annotations.NullMarked;
