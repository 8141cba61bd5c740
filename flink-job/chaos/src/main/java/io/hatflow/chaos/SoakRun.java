package io.hatflow.chaos;

import io.hatflow.chaos.Schedule.Planned;
import io.hatflow.chaos.TestBed.End;
import io.hatflow.chaos.TestBed.Setup;
import io.hatflow.chaos.TestBed.Struck;
import io.hatflow.chaos.check.Documents;
import io.hatflow.chaos.check.Verdict;
import io.hatflow.chaos.watch.Leftovers;
import io.hatflow.chaos.watch.Sample;
import io.hatflow.chaos.watch.Trend;
import io.hatflow.chaos.watch.Watch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One run: every text once, then as many documents as go through, for their rate, then a share of that rate for a long time, with restarts of
 * the job in living processes, while everything that could pile up is watched.
 *
 * @param forCapacity how long the rate is measured
 * @param duration of the load; on a slow machine it goes on until there was each kind of restart, and enough samples to judge
 * @param every between two samples
 * @param restarts between two of them
 * @param warmUp from the beginning of the load; what is held then is not judged
 * @param keep is given all that is known so far, with each sample
 * @param out is told in sentences what happens
 */
record SoakRun(
        Setup setup,
        Duration forCapacity,
        Duration duration,
        Duration every,
        Duration restarts,
        Duration warmUp,
        Keeper keep,
        Consumer<String> out) {

    static final double LOAD = 0.8;

    /** Enough that the job is never idle between two checkpoints. */
    private static final int MOST_UNANSWERED = 200;

    /**
     * By turns: the task fails and its model is opened again; the job ends, and starts with another jar and its class loader; it is
     * cancelled.
     */
    private static final List<FaultKind> RESTARTS =
            List.of(FaultKind.RUNTIME_OUT_OF_MEMORY, FaultKind.UPGRADED, FaultKind.CANCELLED);

    /** Takes what is known. */
    interface Keeper {
        void keep(Result result) throws IOException;
    }

    /**
     * A restart of the job.
     *
     * @param at seconds since the load began
     * @param recovery seconds until documents flowed again
     */
    record Restart(double at, FaultKind kind, double recovery) {}

    /**
     * What is known so far.
     *
     * @param capacity documents per second that went through as fast as they were answered
     * @param answered documents, since the load began
     * @param orderly whether documents flowed again after each restart, no process ended, and the end was orderly; false until then
     * @param verdict null until the end
     */
    record Result(
            double capacity,
            int answered,
            List<Sample> samples,
            List<Restart> restarts,
            SortedMap<String, Trend> trends,
            boolean orderly,
            @Nullable Verdict verdict) {

        /** Whether every record was answered once, as it must be, and nothing that was watched grew. */
        boolean holds() {
            return verdict != null
                    && verdict.holds(true)
                    && orderly
                    && !restarts.isEmpty()
                    && !trends.isEmpty()
                    && trends.values().stream().noneMatch(Trend::grows);
        }
    }

    Result run() throws IOException, InterruptedException {
        return TestBed.use(setup, MOST_UNANSWERED, out, this::soak);
    }

    private Result soak(TestBed bed) throws IOException, InterruptedException {
        double capacity = capacity(bed);
        out.accept(String.format(
                Locale.ROOT,
                "%.2f records/s go through; %.0f %% of that for %.0f min",
                capacity,
                100 * LOAD,
                duration.toSeconds() / 60.0));
        bed.feeder().goOn(LOAD * capacity);
        int before = bed.answers().count();
        List<Sample> samples = new ArrayList<>();
        List<Restart> struck = new ArrayList<>();
        boolean flows = true;
        try (Watch watch = new Watch(bed.cluster(), leftovers(bed))) {
            long begun = System.nanoTime();
            long nextSample = begun;
            long nextRestart = begun + restarts.toNanos();
            while (flows && (System.nanoTime() - begun < duration.toNanos() || !isComplete(samples, struck))) {
                double seconds = (System.nanoTime() - begun) / 1e9;
                if (System.nanoTime() >= nextSample) {
                    sample(seconds, watch, bed).ifPresent(samples::add);
                    keep.keep(result(capacity, bed.answers().count() - before, samples, struck, false, null));
                    nextSample += every.toNanos();
                }
                if (System.nanoTime() >= nextRestart) {
                    flows = restart(seconds, bed, struck);
                    nextRestart += restarts.toNanos();
                }
                Thread.sleep(Math.max(0, (Math.min(nextSample, nextRestart) - System.nanoTime()) / 1_000_000));
            }
        }
        int answered = bed.answers().count() - before;
        End end = bed.finish();
        boolean lived = samples.stream()
                .flatMap(sample -> sample.values().entrySet().stream())
                .noneMatch(value -> value.getKey().endsWith(": starts") && value.getValue() > 1);
        return result(capacity, answered, samples, struck, flows && lived && end.orderly(), end.verdict());
    }

    private boolean isComplete(List<Sample> samples, List<Restart> struck) {
        return struck.size() >= RESTARTS.size() && !trends(samples).isEmpty();
    }

    private SortedMap<String, Trend> trends(List<Sample> samples) {
        return Trend.of(samples, warmUp.toMillis() / 1000.0);
    }

    private Result result(
            double capacity,
            int answered,
            List<Sample> samples,
            List<Restart> struck,
            boolean orderly,
            @Nullable Verdict verdict) {
        return new Result(capacity, answered, samples, struck, trends(samples), orderly, verdict);
    }

    private Leftovers leftovers(TestBed bed) {
        Path home = setup.home();
        return new Leftovers(
                bed.cluster().bootstrapServers(),
                List.of(bed.topics().labelled(), bed.topics().deadLetters()),
                Documents.PARTITIONS,
                home.resolve("tmp"),
                home.resolve("checkpoints"));
    }

    /** Its first fifth is not counted: the queue fills. */
    private double capacity(TestBed bed) throws InterruptedException {
        bed.feeder().goOn();
        Thread.sleep(forCapacity.dividedBy(5).toMillis());
        int before = bed.answers().count();
        long begun = System.nanoTime();
        Thread.sleep(forCapacity.multipliedBy(4).dividedBy(5).toMillis());
        return (bed.answers().count() - before) / ((System.nanoTime() - begun) / 1e9);
    }

    /** Empty if somebody did not say what it holds. */
    private Optional<Sample> sample(double seconds, Watch watch, TestBed bed) throws InterruptedException {
        SortedMap<String, Double> values;
        try {
            values = watch.sample();
        } catch (IOException e) {
            out.accept("No sample: " + e.getMessage());
            return Optional.empty();
        }
        int answered = bed.answers().count();
        int waiting = bed.feeder().sent() - answered;
        values.put("records on their way", (double) waiting);
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT, "%6.0f s  %d answered, %d on their way; resident MiB", seconds, answered, waiting));
        values.forEach((name, value) -> {
            if (name.endsWith("resident MiB")) {
                line.append(String.format(Locale.ROOT, " %s %.0f", name.substring(0, name.indexOf(':')), value));
            }
        });
        out.accept(line.toString());
        return Optional.of(new Sample(seconds, values));
    }

    /** Whether documents flow again. */
    private boolean restart(double seconds, TestBed bed, List<Restart> struck)
            throws IOException, InterruptedException {
        FaultKind kind = RESTARTS.get(struck.size() % RESTARTS.size());
        Struck restart = bed.strike(new Planned(kind, 0, Duration.ZERO));
        double recovery = restart.recovery().toMillis() / 1000.0;
        struck.add(new Restart(seconds, kind, recovery));
        out.accept(String.format(
                Locale.ROOT,
                "%6.0f s  %s, %s %.1f s",
                seconds,
                kind,
                restart.flows() ? "flows again after" : "DOES NOT FLOW after",
                recovery));
        return restart.flows();
    }
}
