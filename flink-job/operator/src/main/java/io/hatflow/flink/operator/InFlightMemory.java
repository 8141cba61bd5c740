package io.hatflow.flink.operator;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes of the elements that a task holds, from when it takes one until its result has left: until then, each is part of every checkpoint.
 * An element larger than the limit is let in when nothing else is there, so that none waits for ever. Used by the task's thread.
 */
final class InFlightMemory {

    private final long limit;
    private final AtomicLong bytes = new AtomicLong();
    private int elements;
    private long latest;

    InFlightMemory(long limit) {
        this.limit = limit;
    }

    boolean hasRoomFor(long element) {
        return elements == 0 || bytes.get() + element <= limit;
    }

    void enters(long element) {
        elements++;
        latest = element;
        bytes.addAndGet(element);
    }

    void leaves(long element) {
        elements--;
        bytes.addAndGet(-element);
    }

    /** Bytes of the element that has entered last. */
    long latest() {
        return latest;
    }

    /** For any thread. */
    long bytes() {
        return bytes.get();
    }
}
