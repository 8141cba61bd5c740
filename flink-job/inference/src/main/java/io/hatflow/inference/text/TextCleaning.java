package io.hatflow.inference.text;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * Repairs what extractors leave of a page: {@code docs/segmentation.md}, mirrored pass by pass in Python's {@code text/cleaning.py}.
 *
 * <p>Every pass takes time in proportion to the text.
 */
public enum TextCleaning {
    /** Texts are taken as they are. */
    @JsonProperty("none")
    NONE,
    /** Remnants of HTML, bars of tables, numbers of lines, what belongs to a page, blank lines between lines, torn words. */
    @JsonProperty("pdf")
    PDF;

    /** The text that is tokenized and segmented in place of {@code received}. */
    public CleanedText clean(String received) {
        CleanedText cleaned = CleanedText.of(received);
        if (this == PDF) {
            cleaned = cleaned.edited(Markup.edits(cleaned.text()));
            cleaned = cleaned.edited(Margins.bars(cleaned.text()));
            cleaned = cleaned.edited(Margins.lineNumbers(cleaned.text()));
            cleaned = cleaned.edited(Pages.edits(cleaned.text()));
            cleaned = cleaned.edited(LineEnds.hyphens(cleaned.text()));
        }
        return cleaned;
    }
}
