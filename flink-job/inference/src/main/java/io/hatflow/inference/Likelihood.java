package io.hatflow.inference;

import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Classification.Timings;
import java.util.List;

/**
 * How likely a language model finds a text. Broken OCR, another language, markup or pasted binary are unlikely under a model of clean text.
 *
 * @param bitsPerByte of the whole text: −Σ log₂ p of its bytes, each given those before it, divided by their number; 0 for a text that
 *     the model foresees, 8 for one of which it knows nothing, more where it expects something else
 * @param bytes of the text's UTF-8 form that were scored
 * @param worst the passages with the most bits per byte, the worst first; they do not overlap
 * @param windows windows that the text was seen in; all of it is
 * @param timings where the time went
 */
public record Likelihood(double bitsPerByte, int bytes, List<Passage> worst, int windows, Timings timings)
        implements Outcome {

    public Likelihood {
        worst = List.copyOf(worst);
    }

    /** All of the text is seen, however long it is. */
    public Coverage coverage() {
        return windows > 1 ? Coverage.WINDOWED : Coverage.COMPLETE;
    }

    /**
     * A run of whole characters.
     *
     * @param start first UTF-16 code unit
     * @param end UTF-16 code unit after the last
     * @param bitsPerByte of its bytes
     */
    public record Passage(int start, int end, double bitsPerByte) {}
}
