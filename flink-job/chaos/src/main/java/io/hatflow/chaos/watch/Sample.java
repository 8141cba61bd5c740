package io.hatflow.chaos.watch;

import java.util.SortedMap;

/**
 * What was held at a moment.
 *
 * @param seconds since the load began
 * @param values by name, such as {@code taskmanager-1 heap MiB}
 */
public record Sample(double seconds, SortedMap<String, Double> values) {}
