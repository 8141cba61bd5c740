package io.hatflow.flink;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.inference.BatchSize;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** One TaskManager, many jobs and restarts. */
@Timeout(900)
class ClassifierLifetimeIT {

    private static final int RESTARTS = 200;
    private static final int JOBS = 200;
    private static final String INFERENCE_THREAD = "hatflow-inference";

    @RegisterExtension
    static final MiniClusterExtension CLUSTER = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(1)
            .build());

    @Test
    void aTaskThatRestartsFindsItsModelLoaded() throws Exception {
        StreamExecutionEnvironment environment = environment();
        FailsOften.ATTEMPTS.set(0);
        FailsOften.INFERENCE_THREADS.clear();
        classified(environment).map(new FailsOften()).sinkTo(new DiscardingSink<>());
        environment.execute();

        assertThat(FailsOften.ATTEMPTS).hasValueGreaterThan(RESTARTS);
        assertThat(FailsOften.INFERENCE_THREADS).hasSize(1);
        awaitNothingOpen();
        assertNothingLeftBehindSince(requireNonNull(FailsOften.SETTLED.get()));
    }

    @Test
    void manyJobsLeaveNothingBehind() throws Exception {
        Footprint settled = Footprint.now();
        for (int job = 0; job < JOBS; job++) {
            StreamExecutionEnvironment environment = environment();
            classified(environment).sinkTo(new DiscardingSink<>());
            environment.execute();
            if (job == JOBS / 4) { // pools and arenas have their size by then
                settled = Footprint.now();
            }
        }
        awaitNothingOpen();
        assertNothingLeftBehindSince(settled);
    }

    private static void assertNothingLeftBehindSince(Footprint settled) {
        Footprint after = Footprint.now();
        assertThat(after.threads()).isLessThanOrEqualTo(settled.threads() + 5);
        // A model that stayed would leave some 2 MB each time.
        assertThat(after.residentKilobytes() - settled.residentKilobytes()).isLessThan(150_000);
    }

    private static StreamExecutionEnvironment environment() {
        Configuration options = new Configuration();
        options.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
        options.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, Integer.MAX_VALUE);
        options.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ZERO);
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(options);
        environment.setParallelism(1);
        return environment;
    }

    private static DataStream<Classified<String>> classified(StreamExecutionEnvironment environment) {
        return TextClassification.of(environment.fromData("A text.", "Another.", "A third."), text -> text)
                .bundle(Bundles.TINY.toString())
                .batchSize(new BatchSize.Fixed(8)) // not measured, which would take most of the time
                .classify();
    }

    private static void awaitNothingOpen() {
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(ClassifierPool.open()).isZero();
            assertThat(inferenceThreads()).isEmpty();
        });
    }

    private static List<Long> inferenceThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(INFERENCE_THREAD))
                .map(Thread::getId)
                .toList();
    }

    /** What this process holds. */
    private record Footprint(int threads, long residentKilobytes) {

        static Footprint now() {
            System.gc();
            try (Stream<String> status = Files.lines(Path.of("/proc/self/status"))) {
                long resident = status.filter(line -> line.startsWith("VmRSS:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .findFirst()
                        .orElseThrow();
                return new Footprint(ManagementFactory.getThreadMXBean().getThreadCount(), resident);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Fails with its first event, again and again, and notes which inference threads it saw. */
    private static final class FailsOften implements MapFunction<Classified<String>, Classified<String>> {

        private static final long serialVersionUID = 1L;

        static final AtomicInteger ATTEMPTS = new AtomicInteger();
        static final Set<Long> INFERENCE_THREADS = ConcurrentHashMap.newKeySet();
        static final AtomicReference<Footprint> SETTLED = new AtomicReference<>(Footprint.now());

        @Override
        public Classified<String> map(Classified<String> event) {
            INFERENCE_THREADS.addAll(inferenceThreads());
            int attempt = ATTEMPTS.incrementAndGet();
            if (attempt == RESTARTS / 4) {
                SETTLED.set(Footprint.now());
            }
            if (attempt <= RESTARTS) {
                throw new IllegalStateException("fails on purpose");
            }
            return event;
        }
    }
}
