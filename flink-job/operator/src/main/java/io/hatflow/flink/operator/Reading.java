package io.hatflow.flink.operator;

import io.hatflow.flink.pool.TextInput;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.bundle.BundleInfo;

/**
 * What was read from an element of a stream.
 *
 * @param <R> what leaves the operator in the element's place
 */
public sealed interface Reading<R> {

    /**
     * The element holds a text. That is not kept once it is tokenized, so {@code result} should not hold it either.
     *
     * @param id the same whenever the element comes again, and no other element's; empty where there is no quarantine
     * @param text what is classified
     * @param urgent whether it may overtake those that are not
     * @param result makes of the answer what leaves in the element's place; called by the model's thread
     */
    record Text<R>(String id, TextInput text, boolean urgent, Answer<R> result) implements Reading<R> {}

    /**
     * The element holds no text that could be read.
     *
     * @param reason one of {@link ClassificationFunction#reasons}
     * @param result what leaves in its place
     */
    record Unreadable<R>(String reason, R result) implements Reading<R> {}

    /** Makes a result of the model's answer. */
    @FunctionalInterface
    interface Answer<R> {

        /** The result of an outcome; {@code model} is what has answered. */
        R of(Outcome outcome, BundleInfo model);
    }
}
