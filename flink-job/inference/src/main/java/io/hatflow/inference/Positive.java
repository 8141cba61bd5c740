package io.hatflow.inference;

import java.time.Duration;

/** Settings that make no sense at 0 or below. */
final class Positive {

    private Positive() {}

    static void require(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + ", expected at least 1");
        }
    }

    static void require(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + " is " + value + ", expected above 0");
        }
    }
}
