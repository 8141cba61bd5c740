package io.hatflow.inference;

import io.hatflow.inference.text.UnknownCharacterException;
import org.jspecify.annotations.Nullable;

/**
 * Why a document cannot be classified. It is the document's own fault: the same document would be rejected again.
 *
 * @param message a sentence for a person; never holds text of the document
 */
public record Rejection(Reason reason, String message) implements Outcome {

    /** Where on its way a document was rejected. */
    public enum Stage {
        TOKENIZE,
        SEGMENT,
        INFERENCE
    }

    /** The closed set of reasons. */
    public enum Reason {
        EMPTY_TEXT(Stage.TOKENIZE),
        TEXT_TOO_LONG(Stage.TOKENIZE),
        NO_TOKENS(Stage.TOKENIZE),
        UNKNOWN_CHARACTER(Stage.TOKENIZE),
        TOO_MANY_SEGMENTS(Stage.SEGMENT),
        INFERENCE_FAILED(Stage.INFERENCE),
        /** Given by those who run a classifier: the document has brought it down too often, and is not shown to it. */
        QUARANTINED(Stage.INFERENCE);

        private final Stage stage;

        Reason(Stage stage) {
            this.stage = stage;
        }

        public Stage stage() {
            return stage;
        }
    }

    public Rejection {
        if (message.isBlank()) {
            throw new IllegalArgumentException("message is blank, but a rejection needs a sentence that says why");
        }
    }

    /** Why a text is not shown to any model; null if it is. */
    static @Nullable Rejection unseen(boolean blank, long length, int maxCharacters) {
        if (blank) {
            return empty();
        }
        if (length > maxCharacters) {
            return new Rejection(
                    Reason.TEXT_TOO_LONG,
                    "the text has %d characters, more than the limit of %d".formatted(length, maxCharacters));
        }
        return null;
    }

    static Rejection empty() {
        return new Rejection(Reason.EMPTY_TEXT, "the text is empty or holds only white space");
    }

    static Rejection noTokens() {
        return new Rejection(Reason.NO_TOKENS, "the tokenizer finds no token in the text");
    }

    static Rejection unknown(UnknownCharacterException e) {
        return new Rejection(Reason.UNKNOWN_CHARACTER, String.valueOf(e.getMessage()));
    }
}
