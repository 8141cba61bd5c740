package io.hatflow.benchmarks.model;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.hatflow.inference.hat.Packing;
import io.hatflow.inference.hat.Window;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The graph that {@code python/plain_graph.py} exports, in ONNX Runtime: {@code input_ids} [B, N, K] in, {@code segment_logits}
 * [B, N, C] out. All settings are ONNX Runtime's own but for threads and device. Thread-safe.
 */
public final class PlainGraph implements AutoCloseable {

    private static final OrtEnvironment ENVIRONMENT = OrtEnvironment.getEnvironment();

    private final Packing packing;
    private final OrtSession session;

    private PlainGraph(Packing packing, OrtSession session) {
        this.packing = packing;
        this.session = session;
    }

    /** Loads the graph; {@code threads} are those of one run. */
    public static PlainGraph open(Path graph, Packing packing, Resources resources, int threads) throws OrtException {
        try (OrtSession.SessionOptions options = resources.sessionOptions(threads)) {
            return new PlainGraph(packing, ENVIRONMENT.createSession(graph.toString(), options));
        }
    }

    /**
     * Runs the model on windows that are padded alike.
     *
     * @param padTo segments that each window gets, at least as many as it has
     */
    public List<WindowAnswer> run(List<Window> windows, int padTo) throws OrtException {
        long[] shape = {windows.size(), padTo, packing.segmentLength()};
        try (OnnxTensor input = OnnxTensor.createTensor(ENVIRONMENT, padded(windows, padTo), shape);
                OrtSession.Result result = session.run(Map.of("input_ids", input))) {
            OnnxTensor output = (OnnxTensor) result.get(0);
            FloatBuffer logits = output.getFloatBuffer();
            int labels = logits.remaining() / (windows.size() * padTo);
            List<WindowAnswer> answers = new ArrayList<>();
            for (int w = 0; w < windows.size(); w++) {
                float[][] segments = new float[windows.get(w).segments().size()][labels];
                logits.position(w * padTo * labels);
                for (float[] segment : segments) {
                    logits.get(segment);
                }
                answers.add(new WindowAnswer(new float[0], segments));
            }
            return answers;
        }
    }

    private LongBuffer padded(List<Window> windows, int padTo) {
        int length = packing.segmentLength();
        long[] ids = new long[windows.size() * padTo * length];
        Arrays.fill(ids, packing.pad());
        for (int w = 0; w < windows.size(); w++) {
            Window window = windows.get(w);
            for (int s = 0; s < window.segments().size(); s++) {
                Span segment = window.segments().get(s);
                int at = (w * padTo + s) * length;
                ids[at] = packing.cls();
                for (int token = segment.first(); token < segment.end(); token++) {
                    ids[++at] = window.tokenIds()[token];
                }
            }
        }
        LongBuffer buffer = ByteBuffer.allocateDirect(ids.length * Long.BYTES)
                .order(ByteOrder.nativeOrder())
                .asLongBuffer();
        buffer.put(ids).flip();
        return buffer;
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime cannot close its session: " + e.getMessage(), e);
        }
    }
}
