package io.hatflow.chaos;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/**
 * Which faults strike, in which order, whom, and after how long a pause: all of it follows from the seed, and nothing else does. When a
 * fault strikes also depends on how long the one before took to recover from. Not thread-safe.
 */
final class Schedule {

    private static final int SHORTEST_PAUSE_MILLIS = 500;
    private static final int LONGEST_PAUSE_MILLIS = 4000;

    private final Random random;
    private final List<FaultKind> kinds;
    private final Deque<FaultKind> next = new ArrayDeque<>();

    /**
     * A fault to come.
     *
     * @param victim a number from which the victim follows
     * @param pause how long documents flow undisturbed before
     */
    record Planned(FaultKind kind, int victim, Duration pause) {}

    /** Each kind comes once before any comes again. */
    Schedule(long seed, List<FaultKind> kinds) {
        this.random = new Random(seed);
        this.kinds = List.copyOf(kinds);
    }

    Planned next() {
        if (next.isEmpty()) {
            List<FaultKind> round = new ArrayList<>(kinds);
            Collections.shuffle(round, random);
            next.addAll(round);
        }
        return new Planned(
                next.removeFirst(),
                random.nextInt(1 << 16),
                Duration.ofMillis(random.nextInt(SHORTEST_PAUSE_MILLIS, LONGEST_PAUSE_MILLIS)));
    }
}
