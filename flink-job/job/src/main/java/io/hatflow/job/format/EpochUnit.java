package io.hatflow.job.format;

/** What a number counts that is a time since 1970. */
public enum EpochUnit {
    /** As most of Java's and JavaScript's writers do. */
    MILLISECONDS(3),
    /** As most of C's, Python's and the databases' writers do. */
    SECONDS(0),
    /** A thousandth of a millisecond. */
    MICROSECONDS(6),
    /** A millionth of a millisecond. */
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
