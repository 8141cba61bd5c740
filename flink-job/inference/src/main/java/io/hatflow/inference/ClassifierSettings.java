package io.hatflow.inference;

/**
 * How documents are classified; everything that the bundle does not decide.
 *
 * @param longDocuments what to do with a document of more than the bundle's N segments, or of more than one window of symbols
 * @param maxCharacters UTF-16 code units beyond which a text is rejected before it is tokenized
 * @param evidencePerLabel most spans that a label carries as evidence
 * @param model how the model runs
 */
public record ClassifierSettings(
        LongDocuments longDocuments, int maxCharacters, int evidencePerLabel, ModelSettings model) {

    /** What happens to a document that the model cannot see at once. */
    public enum LongDocuments {
        /** All of it is seen, in overlapping windows. */
        WINDOW,
        /** Its beginning is seen. */
        TRUNCATE,
        /** It becomes a {@link Rejection}. */
        REJECT
    }

    public ClassifierSettings {
        Positive.require("maxCharacters", maxCharacters);
        Positive.require("evidencePerLabel", evidencePerLabel);
    }

    /** Windows for long documents, 10 million characters, 3 spans a label, and the model's {@link ModelSettings#defaults}. */
    public static ClassifierSettings defaults() {
        return new ClassifierSettings(LongDocuments.WINDOW, 10_000_000, 3, ModelSettings.defaults());
    }
}
