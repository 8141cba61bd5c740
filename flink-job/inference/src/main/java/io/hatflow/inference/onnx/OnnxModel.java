package io.hatflow.inference.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.hatflow.inference.batch.InferenceException;
import io.hatflow.inference.batch.PackedModel;
import io.hatflow.inference.bundle.TensorSpec;
import io.hatflow.inference.packing.PackedBatch;
import io.hatflow.inference.packing.WindowLogits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * A packed graph in ONNX Runtime; the only class that touches it.
 *
 * <p>One run at a time, and never a {@link #close} while one is under way: closing a session in use crashes the process.
 * {@link #run} and {@link #close} exclude each other; inputs are copied into direct buffers that are kept from run to run.
 */
public final class OnnxModel implements PackedModel, AutoCloseable {

    private static final OrtEnvironment ENVIRONMENT = OrtEnvironment.getEnvironment();

    /** What a document's row is called, by the model's task. */
    private static final List<String> DOCUMENT_OUTPUTS = List.of("logits", "embedding");

    /** What a segment's row is called. */
    private static final List<String> SEGMENT_OUTPUTS = List.of("segment_logits", "segment_embeddings", "token_logits");

    /** ONNX Runtime has no error code of its own for it. Host, CUDA allocations, cuBLAS and cuDNN workspaces. */
    private static final Pattern OUT_OF_MEMORY = Pattern.compile(
            "bad_alloc|failed to allocate memory|out of memory|_ALLOC_FAILED|available memory of",
            Pattern.CASE_INSENSITIVE);

    private final OrtSession session;
    private final OrtSession.SessionOptions options;
    private LongBuffer tokens = direct(0);
    private LongBuffer mask = direct(0);
    private LongBuffer documents = direct(0);
    private LongBuffer segments = direct(0);
    private boolean closed;

    private OnnxModel(OrtSession session, OrtSession.SessionOptions options) {
        this.session = session;
        this.options = options;
    }

    /**
     * Load a graph.
     *
     * @param threads threads that one run uses
     * @throws IllegalArgumentException if ONNX Runtime cannot load the graph
     */
    public static OnnxModel open(Path graph, int threads) {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        try {
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            // Spinning would take the cores from Flink's task threads between two batches.
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            // Plans memory for one set of shapes, but no two batches have the same.
            options.setMemoryPatternOptimization(false);
            return new OnnxModel(ENVIRONMENT.createSession(graph.toString(), options), options);
        } catch (OrtException e) {
            options.close();
            throw new IllegalArgumentException("ONNX Runtime cannot load " + graph + ": " + e.getMessage(), e);
        }
    }

    /** What the graph takes. */
    public List<TensorSpec> inputs() {
        try {
            return specs(session.getInputInfo().values());
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime does not describe its inputs: " + e.getMessage(), e);
        }
    }

    /** What the graph gives. */
    public List<TensorSpec> outputs() {
        try {
            return specs(session.getOutputInfo().values());
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime does not describe its outputs: " + e.getMessage(), e);
        }
    }

    private static List<TensorSpec> specs(Collection<NodeInfo> nodes) {
        List<TensorSpec> specs = new ArrayList<>();
        for (NodeInfo node : nodes) {
            if (node.getInfo() instanceof TensorInfo tensor) {
                String[] names = tensor.getDimensionNames();
                List<String> shape = IntStream.range(0, tensor.getShape().length)
                        .mapToObj(axis -> tensor.getShape()[axis] >= 0
                                ? String.valueOf(tensor.getShape()[axis])
                                : names[axis].isEmpty() ? "?" : names[axis])
                        .toList();
                String type = tensor.type == OnnxJavaType.FLOAT
                        ? "float32"
                        : tensor.type.name().toLowerCase(Locale.ROOT);
                specs.add(new TensorSpec(node.getName(), type, shape));
            }
        }
        return specs;
    }

    @Override
    public synchronized List<WindowLogits> run(PackedBatch batch) throws InferenceException {
        if (closed) {
            throw new IllegalStateException("the model is closed; nothing may run after close, this is a bug");
        }
        tokens = filled(tokens, batch.inputIds());
        mask = filled(mask, batch.attentionMask());
        documents = filled(documents, batch.documentIndex());
        segments = filled(segments, batch.segmentIndex());
        long[] perToken = {batch.rows(), batch.segmentLength()};
        long[] perSegment = {batch.rows()};
        try (OnnxTensor inputIds = OnnxTensor.createTensor(ENVIRONMENT, tokens, perToken);
                OnnxTensor attentionMask = OnnxTensor.createTensor(ENVIRONMENT, mask, perToken);
                OnnxTensor documentIndex = OnnxTensor.createTensor(ENVIRONMENT, documents, perSegment);
                OnnxTensor segmentIndex = OnnxTensor.createTensor(ENVIRONMENT, segments, perSegment);
                OrtSession.Result result = session.run(Map.of(
                        "input_ids", inputIds,
                        "attention_mask", attentionMask,
                        "document_index", documentIndex,
                        "segment_index", segmentIndex))) {
            return batch.deal(rows(result, DOCUMENT_OUTPUTS), rows(result, SEGMENT_OUTPUTS));
        } catch (OrtException e) {
            String message = String.valueOf(e.getMessage());
            throw new InferenceException(
                    message, e, OUT_OF_MEMORY.matcher(message).find());
        }
    }

    /** The rows of whichever output the graph has; empty if it has none. */
    private static float[][] rows(OrtSession.Result result, List<String> names) {
        OnnxValue value = names.stream()
                .flatMap(name -> result.get(name).stream())
                .findFirst()
                .orElse(null);
        if (!(value instanceof OnnxTensor tensor)) {
            return new float[0][];
        }
        int count = Math.toIntExact(tensor.getInfo().getShape()[0]);
        FloatBuffer values = tensor.getFloatBuffer();
        float[][] rows = new float[count][values.remaining() / Math.max(count, 1)];
        for (float[] row : rows) {
            values.get(row);
        }
        return rows;
    }

    private static LongBuffer filled(LongBuffer buffer, long[] values) {
        // Doubling keeps the number of native buffers small while the batches grow to their full size.
        LongBuffer large =
                buffer.capacity() >= values.length ? buffer : direct(Math.max(values.length, 2 * buffer.capacity()));
        large.clear();
        large.put(values).flip();
        return large;
    }

    private static LongBuffer direct(int capacity) {
        return ByteBuffer.allocateDirect(capacity * Long.BYTES)
                .order(ByteOrder.nativeOrder())
                .asLongBuffer();
    }

    /** Waits for a run under way. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime cannot close its session: " + e.getMessage(), e);
        } finally {
            options.close();
        }
    }
}
