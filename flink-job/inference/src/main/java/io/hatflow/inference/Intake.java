package io.hatflow.inference;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Which texts a model is shown. The others are rejected at once. */
final class Intake {

    private Intake() {}

    /** Asks the model about a text that is cut. */
    @FunctionalInterface
    interface Question {
        CompletableFuture<Outcome> ask(SegmentedDocument document, long tokenizeNanos);
    }

    /**
     * Cuts a text, and asks about it.
     *
     * @param isBlank whether there is nothing in it
     * @param length UTF-16 code units
     * @param text cuts it, which takes time; may throw a {@link RejectedTextException}
     * @return what the question gives, or a {@link Rejection}
     */
    static CompletableFuture<Outcome> of(
            boolean isBlank, long length, int maxCharacters, Supplier<SegmentedDocument> text, Question question) {
        Rejection refusal = Rejection.unseen(isBlank, length, maxCharacters);
        if (refusal != null) {
            return CompletableFuture.completedFuture(refusal);
        }
        long begun = System.nanoTime();
        SegmentedDocument document;
        try {
            document = text.get();
        } catch (RejectedTextException e) {
            return CompletableFuture.completedFuture(e.rejection());
        }
        return question.ask(document, System.nanoTime() - begun);
    }
}
