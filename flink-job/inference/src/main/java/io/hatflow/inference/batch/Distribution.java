package io.hatflow.inference.batch;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** How many of the values that were observed are at most each of some bounds, from which quantiles can be told. Thread-safe, without locks. */
public final class Distribution {

    private final List<Long> bounds;
    /** Values above the bound before and at most that of the same number; the last, above all bounds. */
    private final List<LongAdder> counts;

    private final LongAdder sum = new LongAdder();

    /**
     * Of no values yet.
     *
     * @param bounds ascending
     */
    public Distribution(List<Long> bounds) {
        this.bounds = List.copyOf(bounds);
        this.counts = Stream.generate(LongAdder::new).limit(bounds.size() + 1L).toList();
    }

    /** Counts a value. */
    public void observe(long value) {
        int number = 0;
        while (number < bounds.size() && value > bounds.get(number)) {
            number++;
        }
        counts.get(number).increment();
        sum.add(value);
    }

    /** How many values were at most the bound of this number, from 0; of the number of bounds, how many there were. */
    public long atMost(int number) {
        return counts.subList(0, number + 1).stream().mapToLong(LongAdder::sum).sum();
    }

    /** All of {@link #atMost}. */
    public List<Long> cumulative() {
        return IntStream.range(0, counts.size()).mapToObj(this::atMost).toList();
    }

    /** Of all values. */
    public long sum() {
        return sum.sum();
    }
}
