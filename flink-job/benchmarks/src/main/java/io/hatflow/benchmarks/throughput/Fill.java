package io.hatflow.benchmarks.throughput;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.inference.hat.PackedBatch;
import io.hatflow.inference.hat.Packing;
import io.hatflow.inference.hat.Window;
import java.io.IOException;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How much of what the packed graph computes is text.
 *
 * @param ofDenseLayers real tokens ÷ rows that pass through the dense layers, counted in ONNX Runtime's profile of the graph itself
 * @param ofSegments real tokens ÷ token places of the segments, S·K: how well the segmenter fills them
 */
public record Fill(double ofDenseLayers, double ofSegments) {

    private static final OrtEnvironment ENVIRONMENT = OrtEnvironment.getEnvironment();
    private static final int ROWS = 32;

    /**
     * Runs windows through the graph once, with its profile taken.
     *
     * @param folder for the profile
     */
    static Fill of(Path packedGraph, Packing packing, List<Window> windows, Resources resources, Path folder)
            throws OrtException, IOException {
        long tokens = 0;
        long places = 0;
        Path profile;
        try (OrtSession.SessionOptions options = resources.sessionOptions(resources.threads())) {
            options.enableProfiling(folder.resolve("fill").toString());
            try (OrtSession session = ENVIRONMENT.createSession(packedGraph.toString(), options)) {
                for (PackedBatch batch : batches(packing, windows)) {
                    run(session, batch);
                    tokens += batch.tokens();
                    places += (long) batch.rows() * batch.segmentLength();
                }
                profile = Path.of(session.endProfiling());
            }
        }
        long computed = denseRows(profile);
        Files.delete(profile);
        return new Fill((double) tokens / computed, (double) tokens / places);
    }

    private static List<PackedBatch> batches(Packing packing, List<Window> windows) {
        List<PackedBatch> batches = new ArrayList<>();
        List<Window> together = new ArrayList<>();
        int rows = 0;
        for (Window window : windows) {
            if (!together.isEmpty() && rows + packing.rows(window) > ROWS) {
                batches.add(new PackedBatch(packing, together));
                together = new ArrayList<>();
                rows = 0;
            }
            together.add(window);
            rows += packing.rows(window);
        }
        batches.add(new PackedBatch(packing, together));
        return batches;
    }

    private static void run(OrtSession session, PackedBatch batch) throws OrtException {
        long[] perToken = {batch.rows(), batch.segmentLength()};
        long[] perSegment = {batch.rows()};
        try (OnnxTensor ids = OnnxTensor.createTensor(ENVIRONMENT, LongBuffer.wrap(batch.inputIds()), perToken);
                OnnxTensor mask =
                        OnnxTensor.createTensor(ENVIRONMENT, LongBuffer.wrap(batch.attentionMask()), perToken);
                OnnxTensor documents =
                        OnnxTensor.createTensor(ENVIRONMENT, LongBuffer.wrap(batch.documentIndex()), perSegment);
                OnnxTensor segments =
                        OnnxTensor.createTensor(ENVIRONMENT, LongBuffer.wrap(batch.segmentIndex()), perSegment)) {
            session.run(Map.of(
                            "input_ids", ids,
                            "attention_mask", mask,
                            "document_index", documents,
                            "segment_index", segments))
                    .close();
        }
    }

    /** Rows that were multiplied by the weights of the layer that saw the most: those that run on tokens all see the same. */
    private static long denseRows(Path profile) throws IOException {
        Map<String, Long> rowsByNode = new HashMap<>();
        for (JsonNode event : new JsonMapper().readTree(profile.toFile())) {
            JsonNode arguments = event.path("args");
            String operator = arguments.path("op_name").asText();
            JsonNode shapes = arguments.path("input_type_shape");
            if (!event.path("name").asText().endsWith("_kernel_time")
                    || !(operator.contains("MatMul") || operator.contains("Gemm"))
                    || shapes.isEmpty()
                    || (shapes.size() > 1 && shape(shapes.get(1)).size() > 2)) {
                continue; // not a product with weights
            }
            List<Long> input = shape(shapes.get(0));
            long rows = input.subList(0, input.size() - 1).stream().reduce(1L, Math::multiplyExact);
            rowsByNode.merge(event.path("name").asText(), rows, Long::sum);
        }
        return rowsByNode.values().stream()
                .max(Long::compare)
                .orElseThrow(() -> new IllegalStateException("ONNX Runtime's profile names no matrix product"));
    }

    /** Of {@code {"float": [3, 128, 384]}}. */
    private static List<Long> shape(JsonNode typed) {
        List<Long> shape = new ArrayList<>();
        typed.elements().next().forEach(size -> shape.add(size.asLong()));
        return shape;
    }
}
