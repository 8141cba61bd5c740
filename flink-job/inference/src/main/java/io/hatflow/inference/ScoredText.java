package io.hatflow.inference;

import io.hatflow.inference.Likelihood.Passage;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** A text with the log-likelihoods of its symbols, summed up: {@code docs/bundle.md}, "From text to log-likelihoods or scores", step 4. */
final class ScoredText {

    /** Bits of a byte of which nothing is known; with more, the model had expected something else. */
    private static final double NOTHING_KNOWN = 8;

    /**
     * Bits per byte by which a passage must be worse than one before it to count as worse. Rounding depends on the neighbours in a batch;
     * of passages that are alike, such as those of a text that repeats itself, it must not choose now this one and now that.
     */
    static final double WORSE_BY = 1e-4;

    private final SegmentedDocument document;
    private final int passageBytes;
    /** [symbols + 1] bits of the symbols before each place. */
    private final double[] bits;
    /** [symbols + 1] bits beyond those of bytes of which nothing is known, of the symbols before each place. */
    private final double[] beyond;
    /** [symbols + 1] bytes that those which are scored stand for. */
    private final int[] bytes;

    /**
     * Sum up.
     *
     * @param document whose segments are windows of symbols
     * @param logLikelihoods [symbols up to the end of the last window] natural logarithms; 0 for those that are not scored
     * @param symbolBytes [as many] bytes that each stands for; 0 if it is not scored
     * @param passageBytes least scored bytes of a passage; what was seen in one piece and has fewer is a passage
     */
    ScoredText(SegmentedDocument document, float[] logLikelihoods, int[] symbolBytes, int passageBytes) {
        this.document = document;
        this.passageBytes = passageBytes;
        this.bits = new double[symbolBytes.length + 1];
        this.beyond = new double[symbolBytes.length + 1];
        this.bytes = new int[symbolBytes.length + 1];
        for (int symbol = 0; symbol < symbolBytes.length; symbol++) {
            double own = -logLikelihoods[symbol] / Math.log(2);
            bits[symbol + 1] = bits[symbol] + own;
            beyond[symbol + 1] = beyond[symbol] + Math.max(0, own - NOTHING_KNOWN * symbolBytes[symbol]);
            bytes[symbol + 1] = bytes[symbol] + symbolBytes[symbol];
        }
    }

    /** Of all symbols that were scored. */
    double bitsPerByte() {
        return bitsPerByte(all());
    }

    /** {@link Likelihood#surprise} of all symbols that were scored. */
    double surprise() {
        return surprise(all());
    }

    private Span all() {
        return new Span(0, bytes.length - 1);
    }

    private double bitsPerByte(Span run) {
        return (bits[run.end()] - bits[run.first()]) / bytes(run.first(), run.end());
    }

    /** Over the bytes of a passage at least: what is shorter counts as if it went on as expected, or one odd word would condemn a line. */
    private double surprise(Span run) {
        return (beyond[run.end()] - beyond[run.first()]) / Math.max(passageBytes, bytes(run.first(), run.end()));
    }

    private int bytes(int first, int end) {
        return bytes[end] - bytes[first];
    }

    /**
     * The passages with the most surprise, and of those with the same the ones with the most bits per byte; the worst first, none of which
     * overlap. A passage begins with any character and ends with
     * the one that makes its bytes enough, so that a damaged place is found wherever it begins. None spans a gap between windows.
     *
     * @param count most passages
     */
    List<Passage> worst(int count) {
        int[] ends = passageEnds();
        List<Span> worst = new ArrayList<>();
        while (worst.size() < count) {
            Span next = worstBeside(worst, ends);
            if (next == null) {
                break;
            }
            worst.add(next);
        }
        Tokens symbols = document.tokens();
        return worst.stream()
                .map(run -> new Passage(
                        symbols.starts()[run.first()],
                        symbols.ends()[run.end() - 1],
                        bitsPerByte(run),
                        surprise(run),
                        firstWindowWith(run.first())))
                .toList();
    }

    /** For each symbol with which a passage begins, where that ends; 0 for the others. */
    private int[] passageEnds() {
        int[] ends = new int[bytes.length - 1];
        for (Span stretch : document.stretches()) {
            int enough = Math.min(passageBytes, bytes(stretch.first(), stretch.end()));
            int end = stretch.first();
            for (int first = stretch.first(); first < stretch.end(); first = afterCharacter(first, stretch)) {
                while (end < stretch.end() && bytes(first, end) < enough) {
                    end = afterCharacter(end, stretch);
                }
                if (bytes(first, end) < enough) {
                    break;
                }
                ends[first] = end;
            }
        }
        return ends;
    }

    /** The first of those that are within {@code WORSE_BY} of the most surprise and, of these, of the most bits per byte. */
    private @Nullable Span worstBeside(List<Span> taken, int[] ends) {
        List<Span> places = taken.stream().map(this::place).toList();
        double surprise = mostOf(ends, places, Double.NEGATIVE_INFINITY, this::surprise) - WORSE_BY;
        double bitsPerByte = mostOf(ends, places, surprise, this::bitsPerByte) - WORSE_BY;
        for (int first = 0; first < ends.length; first++) {
            if (ends[first] > 0) {
                Span run = new Span(first, ends[first]);
                if (surprise(run) >= surprise && bitsPerByte(run) >= bitsPerByte && isApart(run, places)) {
                    return run;
                }
            }
        }
        return null;
    }

    /** The most that a passage has which has at least so much surprise. */
    private double mostOf(int[] ends, List<Span> taken, double surprise, ToDoubleFunction<Span> measure) {
        double most = Double.NEGATIVE_INFINITY;
        for (int first = 0; first < ends.length; first++) {
            if (ends[first] > 0) {
                Span run = new Span(first, ends[first]);
                double own = measure.applyAsDouble(run);
                if (own > most && surprise(run) >= surprise && isApart(run, taken)) {
                    most = own;
                }
            }
        }
        return most;
    }

    private boolean isApart(Span run, List<Span> places) {
        Span place = place(run);
        return places.stream().noneMatch(other -> place.first() < other.end() && other.first() < place.end());
    }

    /** In the text: a gap may be narrower than a character. */
    private Span place(Span run) {
        Tokens symbols = document.tokens();
        return new Span(symbols.starts()[run.first()], symbols.ends()[run.end() - 1]);
    }

    /** The first symbol of a stretch after the character that a symbol is, or is a byte of. */
    private int afterCharacter(int symbol, Span stretch) {
        int[] starts = document.tokens().starts();
        int next = symbol + 1;
        while (next < stretch.end() && starts[next] == starts[symbol]) {
            next++;
        }
        return next;
    }

    private int firstWindowWith(int symbol) {
        int window = 0;
        while (document.segments().get(window).end() <= symbol) {
            window++;
        }
        return window;
    }
}
