package io.hatflow.inference;

import io.hatflow.inference.label.LabelScore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The labels of one document.
 *
 * @param labels one entry for every label of the bundle, in the bundle's order
 * @param bitsPerByte of all that was seen, by a language model; null of a classifier
 * @param coverage how much of the document the model saw
 * @param tokensSeen tokens, or symbols, of the text that the model saw
 * @param tokensTotal those of the whole text
 * @param segments segments that the model saw; as many as windows, if it reads symbols
 * @param windows windows that the segments were seen in; 1 unless {@link Coverage#WINDOWED} or {@link Coverage#SAMPLED}
 * @param timings where the time went
 */
public record Classification(
        List<LabelScore> labels,
        @Nullable Double bitsPerByte,
        Coverage coverage,
        int tokensSeen,
        int tokensTotal,
        int segments,
        int windows,
        Timings timings)
        implements Outcome {

    public Classification {
        labels = List.copyOf(labels);
    }

    /** By a classifier. */
    public Classification(
            List<LabelScore> labels,
            Coverage coverage,
            int tokensSeen,
            int tokensTotal,
            int segments,
            int windows,
            Timings timings) {
        this(labels, null, coverage, tokensSeen, tokensTotal, segments, windows, timings);
    }

    /** The same with other timings. */
    public Classification took(Timings other) {
        return new Classification(labels, bitsPerByte, coverage, tokensSeen, tokensTotal, segments, windows, other);
    }

    /** How much of a document the model saw. */
    public enum Coverage {
        /** All of it, in one piece. */
        COMPLETE,
        /** All of it, in several windows. */
        WINDOWED,
        /** Its beginning only. */
        TRUNCATED,
        /** Passages spread over all of it. */
        SAMPLED
    }

    /** Microseconds. Queueing and inference are those of the document's slowest window; inference is the time of its whole batch. */
    public record Timings(long tokenizeMicros, long queueMicros, long inferenceMicros) {

        /** Of an answer that was remembered. */
        public static final Timings NONE = new Timings(0, 0, 0);
    }
}
