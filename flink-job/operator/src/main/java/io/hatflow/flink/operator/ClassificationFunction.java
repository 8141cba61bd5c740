package io.hatflow.flink.operator;

import java.io.Serializable;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the elements of a stream are to the operator: which text each of them holds, and what is made of the model's answer. Used by the
 * task's thread. What it throws fails the task.
 *
 * @param <T> type of the elements
 * @param <R> type of what leaves in their place
 */
public interface ClassificationFunction<T, R> extends Serializable {

    /** Called once in each task, before its first element. */
    default void open() {}

    /** Reads an element, once each time that it comes. */
    Reading<R> read(T element);

    /** How much of memory an element takes, and of a checkpoint while it is in flight, in bytes. Asked once each time that it comes. */
    long bytes(T element);

    /** With {@link OperatorSettings.Order#ORDERED_BY_KEY}: elements of equal keys leave in their order. Null of one that waits for no other. */
    default @Nullable Object key(T element) {
        return null;
    }

    /** With {@link OperatorSettings.Order#ORDERED_BY_KEY}: grows among elements of equal keys. Those that a restore brings have lost their order. */
    default long position(T element) {
        return 0;
    }

    /** When an element came to be, in milliseconds since 1970; empty where that is not known. Its age is counted when it is answered. */
    default OptionalLong timestamp(T element) {
        return OptionalLong.empty();
    }

    /** Why elements may be {@linkplain Reading.Unreadable unreadable}; each reason has a counter. */
    default Set<String> reasons() {
        return Set.of();
    }
}
