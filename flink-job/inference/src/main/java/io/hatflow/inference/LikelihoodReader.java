package io.hatflow.inference;

import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.task.LanguageModelHead;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Alphabet;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.Tokens;
import java.util.List;

/** Reads what a language model answers for the windows of a document: what the bits of its symbols are, and which bytes they stand for. */
final class LikelihoodReader {

    private final LanguageModelHead head;
    private final Alphabet alphabet;
    private final boolean scoresFirstSymbol;
    private final int passageBytes;

    /**
     * Of a bundle of task {@code language-model}.
     *
     * @param passageBytes least scored bytes of a passage; where windows with gaps are shorter, each of them is one
     */
    LikelihoodReader(Manifest manifest, int passageBytes) {
        this.head = (LanguageModelHead) manifest.head(); // as of the task
        this.alphabet = manifest.symbols().alphabet();
        this.scoresFirstSymbol = manifest.scoresFirstSymbol();
        Manifest.SymbolWindows windows = manifest.windows();
        this.passageBytes = windows.gap() > 0 ? Math.min(passageBytes, windows.length()) : passageBytes;
    }

    /**
     * The document with the bits of its symbols.
     *
     * @param answers for every window the model's answer
     */
    ScoredText read(SegmentedDocument document, List<WindowAnswer> answers) {
        float[] logLikelihoods = head.logLikelihoods(document.segments(), answers);
        int[] scoredBytes = new int[logLikelihoods.length];
        int seen = 0;
        for (Span window : document.segments()) {
            // Nothing stands before the first symbol of a window that shares none with the one before, as far as the
            // model sees.
            boolean begins = window.first() >= seen;
            for (int symbol = begins ? window.first() + (scoresFirstSymbol ? 0 : 1) : seen;
                    symbol < window.end();
                    symbol++) {
                scoredBytes[symbol] = alphabet.bytes(document.tokens().ids()[symbol]);
            }
            seen = window.end();
        }
        return new ScoredText(document, logLikelihoods, scoredBytes, passageBytes);
    }

    /** Bytes of UTF-8 that some runs of symbols stand for. */
    int bytes(Tokens symbols, List<Span> runs) {
        int bytes = 0;
        for (Span run : runs) {
            for (int symbol = run.first(); symbol < run.end(); symbol++) {
                bytes += alphabet.bytes(symbols.ids()[symbol]);
            }
        }
        return bytes;
    }
}
