/** Commands for one's own machine: send documents, read events, score a file. Not in the deployed jar. */
@NullMarked
package io.hatflow.job.cli;

import org.jspecify.annotations.NullMarked;
