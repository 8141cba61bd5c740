package io.hatflow.job.format;

/** What a number counts that is a time since 1970. */
public enum EpochUnit {
    /** Thousandths of a second. */
    MILLISECONDS(3),
    /** With or without a fraction. */
    SECONDS(0),
    /** Millionths of a second. */
    MICROSECONDS(6),
    /** Billionths of a second. */
    NANOSECONDS(9);

    private final int digits;

    EpochUnit(int digits) {
        this.digits = digits;
    }

    /** Digits after the point of a second. */
    int digits() {
        return digits;
    }
}
