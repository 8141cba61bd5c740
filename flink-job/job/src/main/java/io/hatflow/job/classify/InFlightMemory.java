package io.hatflow.job.classify;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes of the records that a task holds, from when it takes one until its event has left: until then, each is part of every checkpoint.
 * A record larger than the limit is let in when nothing else is there, so that none waits for ever. Used by the task's thread.
 */
final class InFlightMemory {

    /** Where a record came from, which its event says too. */
    record Place(String topic, int partition, long offset) {}

    private final long limit;
    private final Map<Place, Long> held = new HashMap<>();
    private final AtomicLong bytes = new AtomicLong();

    InFlightMemory(long limit) {
        this.limit = limit;
    }

    boolean hasRoomFor(long record) {
        return held.isEmpty() || bytes.get() + record <= limit;
    }

    void enters(Place place, long record) {
        held.merge(place, record, Long::sum);
        bytes.addAndGet(record);
    }

    void leaves(Place place) {
        Long record = held.remove(place);
        bytes.addAndGet(record == null ? 0 : -record);
    }

    /** For any thread. */
    long bytes() {
        return bytes.get();
    }
}
