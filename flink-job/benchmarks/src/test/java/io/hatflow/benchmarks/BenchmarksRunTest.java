package io.hatflow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** The benchmarks' short form: that they still run, not how fast. */
class BenchmarksRunTest {

    @Test
    void microBatchesRunOnATinyBundle() throws RunnerException {
        var results = new Runner(new OptionsBuilder()
                        .include(MicroBatchBenchmark.class.getName())
                        .param(
                                "bundle",
                                Path.of("..", "inference", "src", "test", "resources", "bundles", "tiny-segments")
                                        .toString())
                        .forks(0)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .measurementTime(TimeValue.milliseconds(100))
                        .shouldFailOnError(true)
                        .build())
                .run();
        assertThat(results).hasSize(2);
    }
}
