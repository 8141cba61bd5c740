package io.hatflow.cli.score;

import java.io.PrintStream;
import java.util.Locale;

/**
 * Shows how far a run is: on a terminal in one line that changes, elsewhere in a line every ten seconds; and where it was, if it ends
 * before it is {@link #through}, by a failure or a signal.
 */
final class Progress implements AutoCloseable {

    private static final long LINE_EVERY_SECONDS = 10;

    private final PrintStream terminal;
    private final long total;
    private final long doneBefore;
    private final ScoreCount count;
    private final long begun = System.nanoTime();
    private final Thread shown = new Thread(this::show, "hatflow-progress");
    private final Thread atExit = new Thread(this::sayWhereItWas, "hatflow-cut-off");
    private boolean through;

    @SuppressWarnings("SystemConsoleNull") // as JDK 17 has it
    private final boolean changingLine = System.console() != null;

    /**
     * Begins to show.
     *
     * @param total records, or -1 if nobody knows, {@code doneBefore} of which were done before this run
     */
    @SuppressWarnings("ThisEscapedInObjectConstruction") // into threads that start last
    Progress(PrintStream terminal, long total, long doneBefore, ScoreCount count) {
        this.terminal = terminal;
        this.total = total;
        this.doneBefore = doneBefore;
        this.count = count;
        Runtime.getRuntime().addShutdownHook(atExit);
        shown.setDaemon(true);
        shown.start();
    }

    private void show() {
        try {
            while (true) {
                Thread.sleep(1000 * (changingLine ? 1 : LINE_EVERY_SECONDS));
                if (changingLine) {
                    terminal.print("\r" + line() + "   ");
                } else {
                    terminal.println(line());
                }
            }
        } catch (InterruptedException e) {
            if (changingLine) {
                terminal.print("\r" + " ".repeat(100) + "\r");
            }
        }
    }

    private String line() {
        double seconds = (System.nanoTime() - begun) / 1e9;
        long done = count.records();
        String left = done == 0 ? "?" : time((long) (seconds / done * (total - doneBefore - done)));
        return String.format(
                Locale.ROOT,
                "%s documents, %,d rejected, %.1f segments/s%s",
                soFar(),
                count.rejected(),
                count.segments() / seconds,
                total < 0 ? "" : ", about " + left + " left");
    }

    private static String time(long seconds) {
        return seconds < 60
                ? seconds + " s"
                : seconds < 3600
                        ? seconds / 60 + " min " + seconds % 60 + " s"
                        : seconds / 3600 + " h " + seconds / 60 % 60 + " min";
    }

    /** All records are done. */
    void through() {
        through = true;
    }

    private void sayWhereItWas() {
        terminal.printf(
                Locale.ROOT,
                "%nThe run was interrupted. %s documents are done and kept; --resume continues there.%n",
                soFar());
    }

    private String soFar() {
        String done = String.format(Locale.ROOT, "%,d", doneBefore + count.records());
        return total < 0 ? done : done + String.format(Locale.ROOT, " of %,d", total);
    }

    @Override
    public void close() {
        shown.interrupt();
        try {
            shown.join();
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IllegalStateException exiting) {
            return; // and the hook says it
        }
        if (!through) {
            sayWhereItWas();
        }
    }
}
