package io.hatflow.benchmarks.report;

import java.io.PrintStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** Says what runs and how long the rest will take, judging by how long the same steps took before. Not thread-safe. */
public final class Progress {

    private final PrintStream out;
    private final Map<String, Duration> lastTime = new HashMap<>();
    private final Map<String, Integer> left = new HashMap<>();

    public Progress(PrintStream out) {
        this.out = out;
    }

    /** Announces steps that will come. */
    public void plan(String step, int times) {
        left.merge(step, times, Integer::sum);
    }

    /** A step is done. */
    public void done(String step, Duration took, String result) {
        lastTime.put(step, took);
        left.computeIfPresent(step, (name, count) -> Math.max(0, count - 1));
        say("%-46s %-28s %s".formatted(step, result, timeLeft()));
    }

    private String timeLeft() {
        double mean = lastTime.values().stream()
                .mapToLong(Duration::toMillis)
                .average()
                .orElse(0);
        double millis = left.entrySet().stream()
                .mapToDouble(entry -> entry.getValue()
                        * (lastTime.containsKey(entry.getKey())
                                ? lastTime.get(entry.getKey()).toMillis()
                                : mean))
                .sum();
        if (millis == 0) {
            return "";
        }
        return millis < 90_000
                ? String.format(Locale.ROOT, "about %.0f s left", millis / 1000)
                : String.format(Locale.ROOT, "about %.0f min left", millis / 60_000);
    }

    public void say(String line) {
        out.println(line);
        out.flush();
    }
}
