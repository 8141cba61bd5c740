package io.hatflow.inference.hat;

import static java.util.Objects.requireNonNull;

import io.hatflow.inference.batch.BatchModel;
import io.hatflow.inference.batch.InferenceException;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.onnx.LongTensor;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.onnx.TensorSpec;
import io.hatflow.inference.task.Head;
import io.hatflow.inference.task.WindowAnswer;
import java.util.List;
import java.util.Map;

/** The graph of a HAT, or of an encoder, over packed batches: {@code docs/bundle.md}, "The packed graph". Its caller closes the session. */
public final class PackedGraph implements BatchModel<PackedBatch, WindowAnswer> {

    private static final String INPUT_IDS = "input_ids";
    private static final String ATTENTION_MASK = "attention_mask";
    private static final String DOCUMENT_INDEX = "document_index";
    private static final String SEGMENT_INDEX = "segment_index";

    private final OnnxSession session;
    private final Head head;
    private final List<String> outputs;

    public PackedGraph(OnnxSession session, Head head) {
        this.session = session;
        this.head = head;
        this.outputs = head.outputs().stream().map(TensorSpec::name).toList();
    }

    /** The inputs and outputs that the graph of a bundle must have. */
    public static Manifest.Graph contract(Manifest manifest) {
        String length = String.valueOf(manifest.segmentation().segmentLength());
        return new Manifest.Graph(
                List.of(
                        TensorSpec.int64(INPUT_IDS, "S", length),
                        TensorSpec.int64(ATTENTION_MASK, "S", length),
                        TensorSpec.int64(DOCUMENT_INDEX, "S"),
                        TensorSpec.int64(SEGMENT_INDEX, "S")),
                manifest.head().outputs());
    }

    @Override
    public List<WindowAnswer> run(PackedBatch batch) throws InferenceException {
        int rows = batch.rows();
        int length = batch.segmentLength();
        Map<String, float[][]> answer = session.run(
                List.of(
                        new LongTensor(INPUT_IDS, batch.inputIds(), rows, length),
                        new LongTensor(ATTENTION_MASK, batch.attentionMask(), rows, length),
                        new LongTensor(DOCUMENT_INDEX, batch.documentIndex(), rows),
                        new LongTensor(SEGMENT_INDEX, batch.segmentIndex(), rows)),
                outputs);
        float[][] documents = head.documentOutput()
                .map(output -> requireNonNull(answer.get(output.name())))
                .orElse(new float[0][]);
        return batch.deal(
                documents, requireNonNull(answer.get(head.segmentOutput().name())));
    }
}
