package io.hatflow.inference;

/**
 * How texts are scored; everything that the bundle does not decide.
 *
 * @param maxCharacters UTF-16 code units beyond which a text is rejected
 * @param passages most passages that are shown of a text
 * @param passageBytes least bytes of a passage; a shorter text is one, and so is a window between gaps that is shorter
 * @param model how the model runs
 */
public record LanguageModelSettings(int maxCharacters, int passages, int passageBytes, ModelSettings model) {

    /** Least bytes of a passage, unless told otherwise: about a paragraph, so that a few odd words do not count as garbled. */
    static final int PASSAGE_BYTES = 500;

    public LanguageModelSettings {
        Positive.require("maxCharacters", maxCharacters);
        Positive.require("passages", passages);
        Positive.require("passageBytes", passageBytes);
    }

    /** 10 million characters, 3 passages of 500 bytes, and the model's {@link ModelSettings#defaults}. */
    public static LanguageModelSettings defaults() {
        return new LanguageModelSettings(10_000_000, 3, PASSAGE_BYTES, ModelSettings.defaults());
    }
}
