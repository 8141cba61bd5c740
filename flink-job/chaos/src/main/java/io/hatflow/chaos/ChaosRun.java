package io.hatflow.chaos;

import io.hatflow.chaos.Schedule.Planned;
import io.hatflow.chaos.TestBed.End;
import io.hatflow.chaos.TestBed.Setup;
import io.hatflow.chaos.TestBed.Struck;
import io.hatflow.chaos.check.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * One run: every text once while nothing is disturbed, then documents near saturation while faults strike, then the check.
 *
 * @param duration how long documents flow while faults strike
 * @param kinds which faults
 * @param atLeast how many of them strike, however long that takes
 * @param out is told in sentences what happens
 */
record ChaosRun(Setup setup, Duration duration, List<FaultKind> kinds, int atLeast, Consumer<String> out) {

    /** Enough that the job is never idle between two checkpoints, and a recovery is not mostly working off what waits. */
    private static final int MOST_UNANSWERED = 1500;

    /**
     * How a run ended.
     *
     * @param recovered whether there were faults, every one of them was recovered from in time, and the end was orderly
     */
    record Result(Verdict verdict, int faults, Duration longestRecovery, boolean recovered) {

        @Override
        public String toString() {
            return verdict + " faults=" + faults + " max_recovery_s="
                    + String.format(Locale.ROOT, "%.1f", longestRecovery.toMillis() / 1000.0);
        }
    }

    Result run() throws IOException, InterruptedException {
        return TestBed.use(setup, MOST_UNANSWERED, out, this::strike);
    }

    private Result strike(TestBed bed) throws IOException, InterruptedException {
        Schedule schedule = new Schedule(setup.seed(), kinds);
        bed.feeder().goOn();
        long begun = System.nanoTime();
        int faults = 0;
        Duration longest = Duration.ZERO;
        boolean flows = true;
        for (Planned fault = schedule.next();
                flows && (faults < atLeast || elapsed(begun).plus(fault.pause()).compareTo(duration) < 0);
                fault = schedule.next()) {
            Thread.sleep(fault.pause().toMillis());
            double at = elapsed(begun).toMillis() / 1000.0;
            Struck struck = bed.strike(fault);
            faults++;
            flows = struck.flows();
            longest = struck.recovery().compareTo(longest) > 0 ? struck.recovery() : longest;
            out.accept(String.format(
                    Locale.ROOT,
                    "%6.1f s  %-22s %-40s %s %.1f s, %d records sent",
                    at,
                    fault.kind(),
                    struck.whom(),
                    flows ? "flows again after" : "DOES NOT FLOW after",
                    struck.recovery().toMillis() / 1000.0,
                    bed.feeder().sent()));
        }
        End end = bed.finish();
        return new Result(end.verdict(), faults, longest, faults > 0 && flows && end.orderly());
    }

    private static Duration elapsed(long since) {
        return Duration.ofNanos(System.nanoTime() - since);
    }
}
