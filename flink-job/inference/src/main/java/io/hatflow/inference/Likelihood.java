package io.hatflow.inference;

import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Classification.Timings;
import java.util.List;

/**
 * How likely a language model finds a text. Broken OCR, another language, markup or pasted binary are unlikely under a model of clean text.
 *
 * @param bitsPerByte of all that was seen of the text: −Σ log₂ p of the bytes that are scored, each given those before it, divided by
 *     their number; 0 for a text that the model foresees, 8 for one of which it knows nothing, more where it expects something else
 * @param surprise of the same bytes: the bits that each has beyond eight, which is what a byte costs of which nothing is known, divided by
 *     their number, or by that of a passage if they are fewer. Rare but clean words cost many bytes some bits, a wrong character costs one byte many: so this tells garbled text
 *     better than {@code bitsPerByte} does
 * @param worst the passages with the most surprise, the worst first; they do not overlap
 * @param bytesSeen of the text's UTF-8 form that the model saw
 * @param bytesTotal of the text's UTF-8 form
 * @param coverage how much of the text that is; never {@link Coverage#TRUNCATED}
 * @param windows windows that it was seen in
 * @param timings where the time went
 */
public record Likelihood(
        double bitsPerByte,
        double surprise,
        List<Passage> worst,
        int bytesSeen,
        int bytesTotal,
        Coverage coverage,
        int windows,
        Timings timings)
        implements Outcome {

    public Likelihood {
        worst = List.copyOf(worst);
    }

    /**
     * A run of characters that the model saw without a gap. Where a window between gaps begins or ends within a character, only bytes that
     * were seen count.
     *
     * @param start first UTF-16 code unit
     * @param end UTF-16 code unit after the last
     * @param bitsPerByte of its bytes
     * @param surprise of its bytes
     * @param window number of the window in which its first character was scored, from 0
     */
    public record Passage(int start, int end, double bitsPerByte, double surprise, int window) {}
}
