@NullMarked
package io.hatflow.sql;

import org.jspecify.annotations.NullMarked;
