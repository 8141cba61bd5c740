package io.hatflow.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A process that is started again whenever it ends, as Kubernetes would, until it is closed; given up when it ends again and again right after
 * its start and has never come up. Thread-safe.
 */
public final class KeptProcess implements AutoCloseable {

    /** Stands for the number of the start in what a command is told. */
    static final String START = "%start%";

    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration EARLY = Duration.ofSeconds(20);
    private static final int EARLY_ENDS = 3;
    private static final Duration GRACE = Duration.ofSeconds(20);
    private static final int LOG_LINES_SHOWN = 25;

    private final String name;
    private final ProcessBuilder builder;
    private final List<String> command;
    private final Path log;
    private final Consumer<String> progress;
    private final Runnable startedAgain;
    private @Nullable Process process;
    private long begun;
    private int earlyEnds;
    private int starts;
    private boolean cameUp;
    private boolean closed;
    private @Nullable String givenUp;

    /**
     * Does not start it yet.
     *
     * @param log takes all that the process says
     * @param progress is told in a sentence when it is started again
     * @param startedAgain runs on a thread of its own each time, but for the first
     */
    KeptProcess(String name, ProcessBuilder builder, Path log, Consumer<String> progress, Runnable startedAgain) {
        this.name = name;
        this.builder = builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        this.command = List.copyOf(builder.command());
        this.log = log;
        this.progress = progress;
        this.startedAgain = startedAgain;
    }

    public String name() {
        return name;
    }

    /** @throws UncheckedIOException if it cannot be started at all */
    synchronized void start() {
        if (closed || givenUp != null) {
            return;
        }
        try {
            begun = System.nanoTime();
            String start = Integer.toString(starts + 1);
            builder.command(
                    command.stream().map(word -> word.replace(START, start)).toList());
            Process started = builder.start();
            process = started;
            starts++;
            var unused = started.onExit().thenAcceptAsync(this::ended, later());
        } catch (IOException e) {
            throw new UncheckedIOException("The process " + name + " could not be started", e);
        }
    }

    private Executor later() {
        return CompletableFuture.delayedExecutor(
                PAUSE.toMillis(),
                TimeUnit.MILLISECONDS,
                // Its own: what is done then may take minutes, and the common threads are few.
                task -> new Thread(task, name + "-supervisor").start());
    }

    private void ended(Process ended) {
        synchronized (this) {
            if (closed || ended != process) {
                return;
            }
            boolean early = System.nanoTime() - begun < EARLY.toNanos();
            earlyEnds = early ? earlyEnds + 1 : 0;
            if (earlyEnds >= EARLY_ENDS && !cameUp) {
                givenUp = name + " ended " + EARLY_ENDS + " times right after its start, the last time with exit code "
                        + ended.exitValue() + "; the end of " + log + ":\n" + endOfLog();
                progress.accept(givenUp);
                return;
            }
            progress.accept(name + " ended with exit code " + ended.exitValue() + "; starting it again");
        }
        startAgain();
    }

    private void startAgain() {
        try {
            start();
        } catch (UncheckedIOException e) {
            progress.accept(e.getMessage() + " (" + e.getCause() + "); trying again");
            later().execute(this::startAgain);
            return;
        }
        startedAgain.run();
    }

    private String endOfLog() {
        try {
            List<String> lines = Files.readAllLines(log, StandardCharsets.ISO_8859_1);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size()));
        } catch (IOException e) {
            return "(no log: " + e + ")";
        }
    }

    /**
     * For whoever waits for the process to do something.
     *
     * @throws ClusterException if the process has been given up, with the end of its log
     */
    synchronized void check() {
        if (givenUp != null) {
            throw new ClusterException(givenUp);
        }
    }

    /** It does what it is for, so nothing is wrong with how it is started; from now on it is never given up. */
    synchronized void cameUp() {
        cameUp = true;
    }

    /** How often it was started. */
    public synchronized int starts() {
        return starts;
    }

    /** Its name and the number of its start; empty if it does not live. */
    synchronized Optional<String> id() {
        return process != null && process.isAlive() ? Optional.of(name + "-" + starts) : Optional.empty();
    }

    /** Of the process that there is, or of the last one. */
    public synchronized long pid() {
        if (process == null) {
            throw new IllegalStateException(name + " was never started");
        }
        return process.pid();
    }

    /** Ends it at once, as a crash of its machine would. It is started again. */
    public void kill() {
        signal("KILL");
    }

    /** Sends a signal such as {@code STOP}. */
    public void signal(String signal) {
        try {
            new ProcessBuilder("kill", "-" + signal, Long.toString(pid()))
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Asks it to end, and does not start it again. */
    synchronized void retire() {
        closed = true;
        if (process != null) {
            process.destroy();
        }
    }

    /** Returns when there is no process any more. */
    @Override
    public void close() {
        retire();
        Process last;
        synchronized (this) {
            last = process;
        }
        if (last == null) {
            return;
        }
        try {
            if (!last.waitFor(GRACE.toSeconds(), TimeUnit.SECONDS)) {
                last.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            last.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
