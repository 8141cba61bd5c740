@NullMarked
package io.hatflow.cluster;

import org.jspecify.annotations.NullMarked;
