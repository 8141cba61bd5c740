package io.hatflow.inference;

import io.hatflow.inference.batch.Batch;
import io.hatflow.inference.batch.BatchLayout;
import io.hatflow.inference.batch.BatchModel;
import io.hatflow.inference.bundle.GoldenCase;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.task.WindowAnswer;
import java.util.List;
import java.util.Optional;

/**
 * What the models of one architecture have in common: how texts are cut for them, and how what is cut is laid out and run. Thread-safe.
 *
 * @param <W> what the model looks at together
 * @param <B> windows laid out for a run
 */
interface PackedModel<W, B extends Batch> extends AutoCloseable {

    /**
     * All of a text, cut.
     *
     * @throws RejectedTextException if the model sees nothing of it
     */
    SegmentedDocument segment(String text);

    /** As {@link #segment(String)}, of a text that came in segments. Places are those in the segments joined by one line feed. */
    SegmentedDocument segment(List<String> givenSegments);

    /** The windows of a document, in their order. */
    List<W> windows(SegmentedDocument document);

    /** Most segments of a window. */
    int maxSegments();

    /** How windows are laid out. */
    BatchLayout<W, B> layout();

    /** The inputs and outputs that the graph must have. */
    Manifest.Graph contract();

    /** The graph, once it is opened. */
    BatchModel<B, WindowAnswer> graph(OnnxSession session);

    /** The shortest window there is; only whether the model answers matters. */
    W knownGoodWindow();

    /**
     * A document of as many segments as a window may have, where the graph may know fewer than the manifest says: golden inputs may all
     * be shorter, and every longer document would fail. Empty where a graph takes windows of any length, or where it would take too long.
     */
    Optional<SegmentedDocument> largestDocument();

    /** What this machine cuts a golden input into, beside what the exporter found, stage by stage. */
    List<GoldenReplay.Cut> cuts(GoldenCase golden, SegmentedDocument document);

    /** Frees what reads texts. */
    @Override
    void close();
}
