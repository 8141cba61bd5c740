package io.hatflow.chaos.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TrendTest {

    /** A value at each of 120 minutes. */
    private static Trend of(DoubleUnaryOperator value) {
        List<Sample> samples = IntStream.range(0, 120)
                .mapToObj(minute ->
                        new Sample(minute * 60.0, new TreeMap<>(Map.of("heap MiB", value.applyAsDouble(minute)))))
                .toList();
        return Objects.requireNonNull(Trend.of(samples, 24 * 60).get("heap MiB"));
    }

    @Test
    void aLeakGrows() {
        Random noise = new Random(1);
        Trend trend = of(minute -> 100 + 0.2 * minute + noise.nextGaussian());
        assertThat(trend.perHour()).isCloseTo(12, within(1.0));
        assertThat(trend.grows()).isTrue();
    }

    @Test
    void noiseDoesNot() {
        Random noise = new Random(2);
        assertThat(of(minute -> 100 + 5 * noise.nextGaussian()).grows()).isFalse();
    }

    @Test
    void whatGrowsOnlyBeforeItIsJudgedIsFlat() {
        assertThat(of(minute -> Math.min(minute, 24)).perHour()).isZero();
    }

    @Test
    void aConstantHasNoSlope() {
        Trend trend = of(minute -> 7);
        assertThat(trend).isEqualTo(new Trend(7, 0, 0));
        assertThat(trend.grows()).isFalse();
    }

    @Test
    void twoSamplesMakeNoTrend() {
        Sample sample = new Sample(0, new TreeMap<>(Map.of("threads", 1.0)));
        assertThat(Trend.of(List.of(sample, sample), 0)).isEmpty();
    }
}
