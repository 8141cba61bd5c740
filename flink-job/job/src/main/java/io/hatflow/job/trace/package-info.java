/** What belongs to which trace, from a record to its event: W3C's <a href="https://www.w3.org/TR/trace-context/">Trace Context</a>. */
@NullMarked
package io.hatflow.job.trace;

import org.jspecify.annotations.NullMarked;
