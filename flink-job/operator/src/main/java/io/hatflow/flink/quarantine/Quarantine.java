package io.hatflow.flink.quarantine;

import io.hatflow.inference.Outcome;
import io.hatflow.inference.Rejection;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of one task's documents to the model. What comes before the first checkpoint after a failure may have been its cause, and takes
 * the {@link CarefulLane}; what has brought its task down too often is not shown to the model any more. Used by the task's thread.
 */
public final class Quarantine implements AutoCloseable {

    private final QuarantineSettings settings;
    private final @Nullable Attempts attempts;
    private final @Nullable CarefulLane<Outcome> lane;
    private boolean careful;

    private Quarantine(QuarantineSettings settings, @Nullable Attempts attempts, boolean careful) {
        this.settings = settings;
        this.attempts = attempts;
        this.lane = attempts == null ? null : new CarefulLane<>(attempts, settings.attempts());
        this.careful = careful;
    }

    /**
     * Begins for a task.
     *
     * @param afterFailure whether the task was there before, as far as is known
     */
    public static Quarantine of(QuarantineSettings settings, boolean afterFailure) {
        return settings.isOn()
                ? new Quarantine(settings, Attempts.in(settings.folder()), afterFailure)
                : new Quarantine(settings, null, false);
    }

    /**
     * Asks the model, now or when it is the document's turn; a document in quarantine is rejected.
     *
     * @param id the same whenever the document comes again
     * @param question asks the model
     */
    public CompletableFuture<Outcome> ask(String id, Supplier<CompletableFuture<Outcome>> question) {
        if (attempts == null || lane == null) {
            return question.get();
        }
        int leftOver = attempts.leftOver(id);
        if (leftOver >= settings.attempts()) {
            return CompletableFuture.completedFuture(quarantined(leftOver));
        }
        return careful || leftOver > 0 ? lane.ask(id, question) : question.get();
    }

    private Rejection quarantined(int leftOver) {
        return new Rejection(
                Rejection.Reason.QUARANTINED,
                "The document was with the model each of the last " + leftOver
                        + " times that its task hung, crashed or ran out of memory; it is not shown to the model any more. To try"
                        + " again, send it again, or remove its files from " + settings.folder() + ".");
    }

    /** What comes from now on was not there at the last failure. */
    public void checkpointCompleted() {
        careful = false;
    }

    @Override
    public void close() {
        if (lane != null) {
            lane.close();
        }
    }
}
