package io.hatflow.inference;

import io.hatflow.inference.Likelihood.Passage;
import io.hatflow.inference.text.Tokens;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A text with the log-likelihoods of its symbols, summed up: {@code docs/bundle.md}, "From text to log-likelihoods or scores", step 4. */
final class ScoredText {

    private final Tokens symbols;
    /** [symbols + 1] bits of the symbols before each place. */
    private final double[] bits;
    /** [symbols + 1] bytes that those which are scored stand for. */
    private final int[] bytes;

    /**
     * Sum up.
     *
     * @param logLikelihoods [symbols] natural logarithms
     * @param symbolBytes [symbols] bytes that each stands for; 0 if it is not scored
     */
    ScoredText(Tokens symbols, float[] logLikelihoods, int[] symbolBytes) {
        this.symbols = symbols;
        this.bits = new double[symbolBytes.length + 1];
        this.bytes = new int[symbolBytes.length + 1];
        for (int symbol = 0; symbol < symbolBytes.length; symbol++) {
            bits[symbol + 1] = bits[symbol] - logLikelihoods[symbol] / Math.log(2);
            bytes[symbol + 1] = bytes[symbol] + symbolBytes[symbol];
        }
    }

    /** That were scored. */
    int bytes() {
        return bytes[bytes.length - 1];
    }

    double bitsPerByte() {
        return bitsPerByte(0, symbols.count());
    }

    private double bitsPerByte(int first, int end) {
        return (bits[end] - bits[first]) / (bytes[end] - bytes[first]);
    }

    /**
     * The passages with the most bits per byte, the worst first, none of which overlap. A passage begins with any character and ends with
     * the one that makes its bytes enough, so that a damaged place is found wherever it begins.
     *
     * @param count most passages
     * @param least scored bytes of a passage; where all of the text has fewer, it is the passage
     */
    List<Passage> worst(int count, int least) {
        List<Run> worst = new ArrayList<>();
        while (worst.size() < count) {
            Run next = worstBeside(worst, least);
            if (next == null) {
                break;
            }
            worst.add(next);
        }
        return worst.stream()
                .map(run -> new Passage(
                        symbols.starts()[run.first()],
                        symbols.ends()[run.end() - 1],
                        bitsPerByte(run.first(), run.end())))
                .toList();
    }

    /** Symbols of a passage. */
    private record Run(int first, int end) {

        boolean overlaps(Run other) {
            return first < other.end && other.first < end;
        }
    }

    private @Nullable Run worstBeside(List<Run> taken, int least) {
        int enough = Math.min(least, bytes());
        Run worst = null;
        int end = 0;
        for (int first = 0; first < symbols.count(); first = afterCharacter(first)) {
            while (end < symbols.count() && bytes[end] - bytes[first] < enough) {
                end = afterCharacter(end);
            }
            if (bytes[end] - bytes[first] < enough) {
                break;
            }
            Run run = new Run(first, end);
            boolean worse = worst == null || bitsPerByte(first, end) > bitsPerByte(worst.first(), worst.end());
            if (worse && taken.stream().noneMatch(run::overlaps)) {
                worst = run;
            }
        }
        return worst;
    }

    /** The first symbol after the character that a symbol is, or is the first byte of. */
    private int afterCharacter(int symbol) {
        int next = symbol + 1;
        while (next < symbols.count() && symbols.starts()[next] == symbols.starts()[symbol]) {
            next++;
        }
        return next;
    }
}
