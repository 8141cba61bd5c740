package io.hatflow.job.score;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Shows how far a run is: on a terminal in one line that changes, elsewhere in a line every ten seconds. */
final class Progress {

    private static final long LINE_EVERY_SECONDS = 10;

    private final PrintStream terminal;
    private final long total;

    @SuppressWarnings("SystemConsoleNull") // as JDK 17 has it
    private final boolean changingLine = System.console() != null;

    Progress(PrintStream terminal, long total) {
        this.terminal = terminal;
        this.total = total;
    }

    void showUntilDone(CompletableFuture<?> run) throws InterruptedException {
        long begun = System.nanoTime();
        while (!ended(run, changingLine ? 1 : LINE_EVERY_SECONDS)) {
            String line = line((System.nanoTime() - begun) / 1e9);
            if (changingLine) {
                terminal.print("\r" + line + "   ");
            } else {
                terminal.println(line);
            }
        }
        if (changingLine) {
            terminal.print("\r" + " ".repeat(100) + "\r");
        }
    }

    private static boolean ended(CompletableFuture<?> run, long seconds) throws InterruptedException {
        try {
            run.get(seconds, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            return true; // whoever asks for the result learns why
        }
    }

    private String line(double seconds) {
        ScoreCount count = ScoreCount.OF_THIS_JVM;
        long done = count.documents() + count.rejected();
        String left = done == 0 ? "?" : time((long) (seconds / done * (total - done)));
        return String.format(
                Locale.ROOT,
                "%,d of %,d documents, %,d rejected, %.1f segments/s, about %s left",
                done,
                total,
                count.rejected(),
                count.segments() / seconds,
                left);
    }

    private static String time(long seconds) {
        return seconds < 60
                ? seconds + " s"
                : seconds < 3600
                        ? seconds / 60 + " min " + seconds % 60 + " s"
                        : seconds / 3600 + " h " + seconds / 60 % 60 + " min";
    }
}
