package io.hatflow.inference;

import io.hatflow.inference.GoldenReplay.Cut;
import io.hatflow.inference.GoldenReplay.Stage;
import io.hatflow.inference.batch.BatchLayout;
import io.hatflow.inference.batch.BatchModel;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.hat.PackedBatch;
import io.hatflow.inference.hat.PackedGraph;
import io.hatflow.inference.hat.Packing;
import io.hatflow.inference.hat.Window;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import io.hatflow.inference.text.TextCutter;
import io.hatflow.inference.text.Tokenizer;
import io.hatflow.inference.text.Tokens;
import io.hatflow.inference.text.Windows;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A HAT: reads tokens in segments, and looks at up to N segments together. An ordinary encoder is one, too, that looks at each segment
 * alone: N is 1.
 */
final class HatModel implements PackedModel<Window, PackedBatch> {

    /** A bundle that looks at more together is trusted in this; what grows with the square of them would cost. */
    private static final int MOST_SEGMENTS_TRIED = 1024;

    private final Manifest manifest;
    private final Tokenizer tokenizer;
    private final TextCutter cutter;
    private final Windows windows;

    /** Of a bundle with this tokenizer, which is closed with this. */
    HatModel(Manifest manifest, Tokenizer tokenizer) {
        Manifest.Segmentation segmentation = manifest.segmentation();
        this.manifest = manifest;
        this.tokenizer = tokenizer;
        this.cutter = manifest.cutter(tokenizer);
        this.windows = Windows.overlapping(segmentation.maxSegments(), segmentation.windowOverlap());
    }

    @Override
    public SegmentedDocument segment(String text) {
        return windowed(cutter.cut(text));
    }

    @Override
    public SegmentedDocument segment(List<String> givenSegments) {
        return windowed(cutter.cut(givenSegments));
    }

    private SegmentedDocument windowed(TextCutter.Cut cut) {
        if (cut.segments().isEmpty()) {
            throw new RejectedTextException(Rejection.noTokens());
        }
        return new SegmentedDocument(
                cut.tokens(), cut.segments(), windows.over(cut.segments().size()));
    }

    @Override
    public List<Window> windows(SegmentedDocument document) {
        return document.windows().stream()
                .map(window ->
                        new Window(document.tokens().ids(), document.segments().subList(window.first(), window.end())))
                .toList();
    }

    @Override
    public int maxSegments() {
        return manifest.segmentation().maxSegments();
    }

    @Override
    public BatchLayout<Window, PackedBatch> layout() {
        return Packing.of(manifest);
    }

    @Override
    public Manifest.Graph contract() {
        return PackedGraph.contract(manifest);
    }

    @Override
    public BatchModel<PackedBatch, WindowAnswer> graph(OnnxSession session) {
        return new PackedGraph(session, manifest.head());
    }

    @Override
    public Window knownGoodWindow() {
        return new Window(new int[] {manifest.specialTokens().cls()}, List.of(new Span(0, 1)));
    }

    /** Cheap: each segment has one token. */
    @Override
    public Optional<SegmentedDocument> largestDocument() {
        int count = maxSegments();
        if (count > MOST_SEGMENTS_TRIED) {
            return Optional.empty();
        }
        int[] ids = new int[count];
        Arrays.fill(ids, manifest.specialTokens().cls());
        List<Span> segments = IntStream.range(0, count)
                .mapToObj(segment -> new Span(segment, segment + 1))
                .toList();
        return Optional.of(new SegmentedDocument(
                new Tokens(ids, new int[count], new int[count]), segments, List.of(new Span(0, count))));
    }

    @Override
    public List<Cut> cuts(GoldenCase golden, SegmentedDocument document) {
        return List.of(
                new Cut(Stage.TOKENS, "token ids", document.tokens().ids(), golden.tokenIds()),
                new Cut(Stage.TOKENS, "token offsets", GoldenReplay.offsets(document.tokens()), golden.tokenOffsets()),
                new Cut(Stage.SEGMENTS, "segments", GoldenReplay.pairs(document.segments()), golden.segments()),
                new Cut(Stage.SEGMENTS, "windows", GoldenReplay.pairs(document.windows()), golden.windows()));
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
