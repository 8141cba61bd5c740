package io.hatflow.inference.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class DistributionTest {

    @Test
    void eachBoundHoldsAllValuesUpToIt() {
        Distribution distribution = new Distribution(List.of(1L, 10L, 100L));

        LongStream.of(0, 1, 2, 10, 11, 100, 101, 5_000).forEach(distribution::observe);

        assertThat(IntStream.rangeClosed(0, 3).mapToObj(distribution::atMost)).containsExactly(2L, 4L, 6L, 8L);
        assertThat(distribution.cumulative()).containsExactly(2L, 4L, 6L, 8L);
        assertThat(distribution.sum()).isEqualTo(5_225);
    }

    @Test
    void withoutBoundsItCounts() {
        Distribution distribution = new Distribution(List.of());

        distribution.observe(3);

        assertThat(distribution.cumulative()).containsExactly(1L);
    }
}
