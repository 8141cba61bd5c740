package io.hatflow.cluster;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which workers live on without their JobManager knowing them, as one whose main thread is blocked does: it neither works nor ends. Time
 * during which the JobManager does not answer is not held against them. Not thread-safe.
 */
final class Unregistered {

    private final Duration limit;
    private final Map<String, Long> since = new HashMap<>();

    /** {@code limit} is how long a worker may take to register, after its start or after its JobManager has gone. */
    Unregistered(Duration limit) {
        this.limit = limit;
    }

    /**
     * Looks at them now.
     *
     * @param nanos of a clock that does not stand still
     * @param alive ids of the workers whose processes live, each another after a restart
     * @param registered ids of the workers that the JobManager knows
     * @return the workers that have been missing for too long
     */
    List<String> overdue(long nanos, Collection<String> alive, Set<String> registered) {
        since.keySet().retainAll(alive);
        registered.forEach(since::remove);
        return alive.stream()
                .filter(id -> !registered.contains(id))
                .filter(id -> nanos - since.computeIfAbsent(id, first -> nanos) > limit.toNanos())
                .toList();
    }

    /** The JobManager does not answer: all may begin again. */
    void forget() {
        since.clear();
    }
}
