package io.hatflow.inference;

import io.hatflow.inference.GoldenReplay.Cut;
import io.hatflow.inference.GoldenReplay.Stage;
import io.hatflow.inference.Rejection.Reason;
import io.hatflow.inference.batch.BatchLayout;
import io.hatflow.inference.batch.BatchModel;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.hourglass.SymbolBatch;
import io.hatflow.inference.hourglass.SymbolGraph;
import io.hatflow.inference.hourglass.SymbolLayout;
import io.hatflow.inference.hourglass.SymbolWindow;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Alphabet;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.TextCutter;
import io.hatflow.inference.text.Tokens;
import io.hatflow.inference.text.UnknownCharacterException;
import io.hatflow.inference.text.Windows;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** An Hourglass model: reads symbols, and looks at each window of them alone. */
final class HourglassModel implements PackedModel<SymbolWindow, SymbolBatch> {

    private final Manifest manifest;
    private final Alphabet alphabet;
    private final Windows windows;

    HourglassModel(Manifest manifest) {
        this.manifest = manifest;
        this.alphabet = manifest.symbols().alphabet();
        this.windows = manifest.windows().windows();
    }

    @Override
    public SegmentedDocument segment(String text) {
        Tokens symbols;
        try {
            symbols = alphabet.symbols(text);
        } catch (UnknownCharacterException e) {
            throw new RejectedTextException(Rejection.unknown(e));
        }
        if (symbols.count() == 0) {
            throw new RejectedTextException(Rejection.empty());
        }
        if (symbols.count() == 1 && manifest.task() == Task.LANGUAGE_MODEL && !manifest.scoresFirstSymbol()) {
            throw new RejectedTextException(
                    new Rejection(
                            Reason.NO_TOKENS,
                            "the text is a single symbol, and this model scores none that nothing stands before; expected two or more"));
        }
        List<Span> spans = windows.over(symbols.count());
        return new SegmentedDocument(
                symbols,
                spans,
                IntStream.range(0, spans.size())
                        .mapToObj(window -> new Span(window, window + 1))
                        .toList());
    }

    @Override
    public SegmentedDocument segment(List<String> givenSegments) {
        return segment(String.join(TextCutter.BETWEEN_SEGMENTS, givenSegments));
    }

    @Override
    public List<SymbolWindow> windows(SegmentedDocument document) {
        return document.segments().stream()
                .map(window -> new SymbolWindow(document.tokens().ids(), window))
                .toList();
    }

    @Override
    public int maxSegments() {
        return 1;
    }

    @Override
    public BatchLayout<SymbolWindow, SymbolBatch> layout() {
        return new SymbolLayout(manifest.windows().length());
    }

    @Override
    public Manifest.Graph contract() {
        return SymbolGraph.contract(manifest);
    }

    @Override
    public BatchModel<SymbolBatch, WindowAnswer> graph(OnnxSession session) {
        return new SymbolGraph(session, manifest.head(), manifest.shortening().countsInDocument());
    }

    @Override
    public SymbolWindow knownGoodWindow() {
        return new SymbolWindow(new int[1], new Span(0, 1));
    }

    @Override
    public Optional<SegmentedDocument> largestDocument() {
        return Optional.empty();
    }

    @Override
    public List<Cut> cuts(GoldenCase golden, SegmentedDocument document) {
        return List.of(
                new Cut(Stage.SEGMENTS, "symbols", document.tokens().ids(), golden.symbols()),
                new Cut(
                        Stage.SEGMENTS,
                        "symbol offsets",
                        GoldenReplay.offsets(document.tokens()),
                        golden.symbolOffsets()),
                new Cut(Stage.SEGMENTS, "windows", GoldenReplay.pairs(document.segments()), golden.windows()));
    }

    @Override
    public void close() {
        // nothing is held
    }
}
