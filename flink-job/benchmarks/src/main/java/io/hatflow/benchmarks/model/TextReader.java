package io.hatflow.benchmarks.model;

import io.hatflow.inference.bundle.Bundle;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.hat.Packing;
import io.hatflow.inference.hat.Window;
import io.hatflow.inference.task.DocumentScores;
import io.hatflow.inference.task.ScoringHead;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.TextCutter;
import io.hatflow.inference.text.TextCutter.Cut;
import io.hatflow.inference.text.Tokenizer;
import io.hatflow.inference.text.Tokens;
import io.hatflow.inference.text.Windows;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads texts as a bundle's classifier does, with its tokenizer, segmenter and windows, and makes scores of logits as it does. So the
 * contenders differ in how they run the model and in nothing else. Thread-safe.
 */
public final class TextReader implements AutoCloseable {

    /** A text as the model sees it: {@code spans} are the windows as runs of the text's segments. */
    public record Reading(Tokens tokens, List<Span> segments, List<Span> spans, List<Window> windows) {}

    private final Manifest manifest;
    private final Packing packing;
    private final Tokenizer tokenizer;
    private final TextCutter cutter;
    private final Windows windows;

    private TextReader(Manifest manifest, Tokenizer tokenizer) {
        Manifest.Segmentation segmentation = manifest.segmentation();
        this.manifest = manifest;
        this.packing = Packing.of(manifest);
        this.tokenizer = tokenizer;
        this.cutter = manifest.cutter(tokenizer);
        this.windows = Windows.overlapping(segmentation.maxSegments(), segmentation.windowOverlap());
    }

    /** Opens what of a bundle reads texts. */
    public static TextReader open(Path bundle) {
        Bundle opened = Bundle.open(bundle);
        return new TextReader(opened.manifest(), Tokenizer.open(opened.tokenizer()));
    }

    public Manifest manifest() {
        return manifest;
    }

    public Packing packing() {
        return packing;
    }

    /** Tokens, segments and windows of a text. */
    public Reading read(String text) {
        Cut cut = cutter.cut(text);
        Tokens tokens = cut.tokens();
        List<Span> segments = cut.segments();
        List<Span> spans = windows.over(segments.size());
        return new Reading(
                tokens,
                segments,
                spans,
                spans.stream()
                        .map(window -> new Window(tokens.ids(), segments.subList(window.first(), window.end())))
                        .toList());
    }

    /** Scores of a document and its segments, from the answers for its windows. */
    public DocumentScores scores(Reading reading, List<WindowAnswer> answers) {
        return ((ScoringHead) manifest.head()).scores(reading.spans(), answers);
    }

    /** Where in the text its token {@code count} ends. */
    public int endOfToken(String text, int count) {
        return cutter.cut(text).tokens().ends()[count - 1];
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
