/** Faults inside the process under test, put there from outside by a Java agent. */
@NullMarked
package io.hatflow.chaos.agent;

import org.jspecify.annotations.NullMarked;
