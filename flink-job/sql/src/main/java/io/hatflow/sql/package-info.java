/** Models of hatflow in Flink SQL: {@code CREATE MODEL} and {@code ML_PREDICT}. */
@NullMarked
package io.hatflow.sql;

import org.jspecify.annotations.NullMarked;
