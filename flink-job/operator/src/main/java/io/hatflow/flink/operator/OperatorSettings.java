package io.hatflow.flink.operator;

import io.hatflow.flink.quarantine.QuarantineSettings;
import java.io.Serializable;

/**
 * What may be in flight, and in which order it leaves.
 *
 * @param order of what leaves
 * @param capacity most elements that one task holds at a time
 * @param capacityBytes most bytes of them that it holds; a larger element is held alone
 * @param cachedAnswers texts whose answers one task keeps, so that the same text is not shown to the model again; 0 for none
 * @param quarantine when an element's text is no longer shown to the model
 */
public record OperatorSettings(
        Order order, int capacity, long capacityBytes, int cachedAnswers, QuarantineSettings quarantine)
        implements Serializable {

    /** In which order results leave. */
    public enum Order {
        /** In that of their elements, for each input partition of the task. */
        ORDERED,
        /** Those of elements of equal keys in the order of these; others pass. */
        ORDERED_BY_KEY,
        /** As soon as they are there. */
        UNORDERED
    }

    /** Ordered, 128 elements of at most 32 MiB together, no cache, no quarantine. */
    public static OperatorSettings defaults() {
        return new OperatorSettings(Order.ORDERED, 128, 32L << 20, 0, QuarantineSettings.OFF);
    }

    public OperatorSettings {
        requirePositive("capacity", capacity);
        requirePositive("capacityBytes", capacityBytes);
        if (cachedAnswers < 0) {
            throw new IllegalArgumentException("cachedAnswers is " + cachedAnswers + ", expected at least 0");
        }
    }

    private static void requirePositive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + ", expected at least 1");
        }
    }
}
