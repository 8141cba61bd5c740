package io.hatflow.inference.text;

/** A text with a character that a model has no symbol for. */
public final class UnknownCharacterException extends Exception {

    private static final long serialVersionUID = 1L;

    /**
     * A sentence that does not hold the character.
     *
     * @param at its UTF-16 code unit
     * @param known how many characters the model knows
     */
    UnknownCharacterException(int at, int known) {
        super("the character at %d is none of the %d that the model knows, expected a text of those alone"
                .formatted(at, known));
    }
}
