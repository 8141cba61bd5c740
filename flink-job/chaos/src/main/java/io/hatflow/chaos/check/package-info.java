/** What was sent, what came out, and whether the one answers the other. Shares no code with the job but the schemas of its events. */
@NullMarked
package io.hatflow.chaos.check;

import org.jspecify.annotations.NullMarked;
