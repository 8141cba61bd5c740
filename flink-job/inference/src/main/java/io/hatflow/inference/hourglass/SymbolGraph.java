package io.hatflow.inference.hourglass;

import static java.util.Objects.requireNonNull;

import io.hatflow.inference.batch.BatchModel;
import io.hatflow.inference.batch.InferenceException;
import io.hatflow.inference.bundle.Manifest;
import io.hatflow.inference.onnx.LongTensor;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.onnx.TensorSpec;
import io.hatflow.inference.task.Head;
import io.hatflow.inference.task.WindowAnswer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The graph of an Hourglass model over windows of symbols: {@code docs/bundle.md}, "Hourglass models". Its caller closes the session. */
public final class SymbolGraph implements BatchModel<SymbolBatch, WindowAnswer> {

    private static final String INPUT_IDS = "input_ids";
    private static final String ATTENTION_MASK = "attention_mask";
    private static final String OFFSET = "offset";

    private final OnnxSession session;
    private final boolean asksForOffset;
    private final TensorSpec output;

    /**
     * A graph that was opened.
     *
     * @param asksForOffset whether it takes the place of a window's first symbol in its document
     */
    public SymbolGraph(OnnxSession session, Head head, boolean asksForOffset) {
        this.session = session;
        this.asksForOffset = asksForOffset;
        this.output = head.segmentOutput();
    }

    /** The inputs and outputs that the graph of a bundle must have. */
    public static Manifest.Graph contract(Manifest manifest) {
        List<TensorSpec> inputs = new ArrayList<>(
                List.of(TensorSpec.int64(INPUT_IDS, "W", "L"), TensorSpec.int64(ATTENTION_MASK, "W", "L")));
        if (manifest.shortening().countsInDocument()) {
            inputs.add(TensorSpec.int64(OFFSET, "W"));
        }
        return new Manifest.Graph(inputs, manifest.head().outputs());
    }

    @Override
    public List<WindowAnswer> run(SymbolBatch batch) throws InferenceException {
        WindowAnswer[] answers = new WindowAnswer[batch.windowCount()];
        for (SymbolTensors tensors : batch.tensors()) {
            float[][] rows = run(tensors);
            for (int row = 0; row < rows.length; row++) {
                answers[tensors.places().get(row)] = answer(rows[row], tensors, row);
            }
        }
        return List.of(answers);
    }

    private float[][] run(SymbolTensors tensors) throws InferenceException {
        int rows = tensors.rows();
        int width = tensors.width();
        List<LongTensor> inputs = new ArrayList<>(List.of(
                new LongTensor(INPUT_IDS, tensors.inputIds(), rows, width),
                new LongTensor(ATTENTION_MASK, tensors.attentionMask(), rows, width)));
        if (asksForOffset) {
            inputs.add(new LongTensor(OFFSET, tensors.offset(), rows));
        }
        return requireNonNull(session.run(inputs, List.of(output.name())).get(output.name()));
    }

    /** What has a number for each symbol has some for padding, too. */
    private WindowAnswer answer(float[] row, SymbolTensors tensors, int number) {
        boolean bySymbol = output.shape().contains("L");
        float[] own = bySymbol ? Arrays.copyOf(row, tensors.length(number)) : row;
        return new WindowAnswer(new float[0], new float[][] {own});
    }
}
