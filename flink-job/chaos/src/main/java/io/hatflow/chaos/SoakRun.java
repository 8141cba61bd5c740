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
import java.util.SortedMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One run: every text once, then as many documents as go through, for their rate, then a share of that rate for a long time, with restarts of
 * the job in living processes, while everything that could pile up is watched.
 *
 * @param forCapacity how long the rate is measured
 * @param duration of the load
 * @param every between two samples
 * @param restarts between two of them
 * @param keep is given all that is known so far, with each sample
 * @param out is told in sentences what happens
 */
record SoakRun(
        Setup setup,
        Duration forCapacity,
        Duration duration,
        Duration every,
        Duration restarts,
        Keeper keep,
        Consumer<String> out) {

    static final double LOAD = 0.8;

    /** Enough that the job is never idle between two checkpoints. */
    private static final int MOST_UNANSWERED = 200;

    /** By turns: the task fails and its model is opened anew; the job ends, and starts with another jar and its class loader. */
    private static final List<FaultKind> RESTARTS = List.of(FaultKind.RUNTIME_OUT_OF_MEMORY, FaultKind.UPGRADED);

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
     * @param verdict null until the end
     */
    record Result(
            double capacity,
            int answered,
            List<Sample> samples,
            List<Restart> restarts,
            SortedMap<String, Trend> trends,
            @Nullable Verdict verdict) {}

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
        try (Watch watch = new Watch(bed.cluster(), leftovers(bed))) {
            long begun = System.nanoTime();
            long nextSample = begun;
            long nextRestart = begun + restarts.toNanos();
            boolean flows = true;
            while (flows && System.nanoTime() - begun < duration.toNanos()) {
                double seconds = (System.nanoTime() - begun) / 1e9;
                if (System.nanoTime() >= nextSample) {
                    samples.add(sample(seconds, watch, bed));
                    int answered = bed.answers().count() - before;
                    keep.keep(new Result(capacity, answered, samples, struck, Trend.of(samples), null));
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
        Result result = new Result(capacity, answered, samples, struck, Trend.of(samples), end.verdict());
        keep.keep(result);
        return result;
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

    private Sample sample(double seconds, Watch watch, TestBed bed) throws IOException, InterruptedException {
        SortedMap<String, Double> values = watch.sample();
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
        return new Sample(seconds, values);
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
