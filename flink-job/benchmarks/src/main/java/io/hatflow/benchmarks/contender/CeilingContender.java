package io.hatflow.benchmarks.contender;

import static java.util.Objects.requireNonNull;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.Slice;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.model.TextReader.Reading;
import io.hatflow.inference.hat.PackedBatch;
import io.hatflow.inference.hat.Packing;
import io.hatflow.inference.hat.Window;
import io.hatflow.inference.task.WindowAnswer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The ceiling: a bare loop of ONNX Runtime over batches that were tokenized, packed and copied into native memory before the clock
 * started, as full as their windows allow. Rows of a batch and whether threads spin are the best of a few that were tried. Nothing in
 * front of this runtime can be faster.
 */
public final class CeilingContender implements Contender {

    private static final OrtEnvironment ENVIRONMENT = OrtEnvironment.getEnvironment();
    private static final List<Integer> ROWS_TRIED = List.of(8, 16, 32, 64);
    private static final List<Integer> ROWS_TRIED_ON_GPU = List.of(64, 256, 512, 1024, 2048);

    /** Whose shortest counts: whatever else the machine does makes it longer. */
    private static final int TRIES = 5;

    private record Choice(int rows, String spinning) {}

    private final TextReader reader;
    private final List<Integer> rowsTried;
    private final Map<String, OrtSession> bySpinning = new HashMap<>();
    private final Choice choice;

    /** {@code trial}: documents by which rows and spinning are chosen. */
    public CeilingContender(Path packedGraph, TextReader reader, Resources resources, List<Document> trial)
            throws OrtException {
        this.reader = reader;
        this.rowsTried = resources.onGpu() ? ROWS_TRIED_ON_GPU : ROWS_TRIED;
        for (String spin : resources.onGpu() ? List.of("0") : List.of("0", "1")) {
            try (OrtSession.SessionOptions options = resources.sessionOptions(resources.threads())) {
                options.setInterOpNumThreads(1);
                options.addConfigEntry("session.intra_op.allow_spinning", spin);
                options.setMemoryPatternOptimization(false);
                bySpinning.put(spin, ENVIRONMENT.createSession(packedGraph.toString(), options));
            }
        }
        choice = choose(trial);
    }

    @Override
    public String name() {
        return "ceiling";
    }

    /** What was chosen. */
    public String choice() {
        return choice.rows() + " rows a batch, threads " + (choice.spinning().equals("1") ? "spin" : "do not spin");
    }

    @Override
    public Run run(Slice slice) throws OrtException {
        classify(readings(slice.warmUp()), choice);
        return classify(readings(slice.measured()), choice);
    }

    private Choice choose(List<Document> trial) throws OrtException {
        Map<Document, Reading> documents = readings(trial);
        for (String spin : bySpinning.keySet()) {
            classify(documents, new Choice(rowsTried.get(0), spin));
        }
        Map<Choice, Long> shortest = new LinkedHashMap<>();
        for (int tried = 0; tried < TRIES; tried++) {
            for (int rows : rowsTried) {
                for (String spin : bySpinning.keySet()) {
                    Choice candidate = new Choice(rows, spin);
                    shortest.merge(candidate, classify(documents, candidate).nanos(), Math::min);
                }
            }
        }
        return Collections.min(shortest.entrySet(), Map.Entry.comparingByValue())
                .getKey();
    }

    private Map<Document, Reading> readings(List<Document> documents) {
        List<Reading> readings = documents.parallelStream()
                .map(document -> reader.read(document.text()))
                .toList();
        Map<Document, Reading> byDocument = new LinkedHashMap<>();
        for (int i = 0; i < readings.size(); i++) {
            byDocument.put(documents.get(i), readings.get(i));
        }
        return byDocument;
    }

    private Run classify(Map<Document, Reading> readings, Choice how) throws OrtException {
        List<Window> windows = readings.values().stream()
                .flatMap(reading -> reading.windows().stream())
                .toList();
        List<PackedBatch> batches = new ArrayList<>();
        List<Map<String, OnnxTensor>> inputs = new ArrayList<>();
        List<List<Window>> packed = packed(windows, how.rows(), reader.packing());
        for (List<Window> together : packed) {
            PackedBatch batch = new PackedBatch(reader.packing(), together);
            batches.add(batch);
            inputs.add(tensors(batch));
        }
        OrtSession session = requireNonNull(bySpinning.get(how.spinning()));
        List<float[][]> document = new ArrayList<>();
        List<float[][]> segments = new ArrayList<>();
        long begun = System.nanoTime();
        for (Map<String, OnnxTensor> input : inputs) {
            try (OrtSession.Result result = session.run(input)) {
                document.add(rows(result, "logits"));
                segments.add(rows(result, "segment_logits"));
            }
        }
        long nanos = System.nanoTime() - begun;
        inputs.forEach(input -> input.values().forEach(OnnxTensor::close));

        IdentityHashMap<Window, WindowAnswer> logits = new IdentityHashMap<>();
        for (int b = 0; b < batches.size(); b++) {
            List<WindowAnswer> dealt = batches.get(b).deal(document.get(b), segments.get(b));
            for (int w = 0; w < dealt.size(); w++) {
                logits.put(packed.get(b).get(w), dealt.get(w));
            }
        }
        Map<String, float[]> scores = new HashMap<>();
        readings.forEach((read, reading) -> scores.put(
                read.id(),
                reader.scores(
                                reading,
                                reading.windows().stream().map(logits::get).toList())
                        .document()));
        return new Run(begun, nanos, scores);
    }

    /** First fit, the largest first: no arrangement needs noticeably fewer batches. */
    private static List<List<Window>> packed(List<Window> windows, int rows, Packing packing) {
        List<List<Window>> batches = new ArrayList<>();
        List<Integer> room = new ArrayList<>();
        for (Window window : windows.stream()
                .sorted(Comparator.comparing(packing::rows, Comparator.reverseOrder()))
                .toList()) {
            int batch = 0;
            while (batch < batches.size() && room.get(batch) < packing.rows(window)) {
                batch++;
            }
            if (batch == batches.size()) {
                batches.add(new ArrayList<>());
                room.add(rows);
            }
            batches.get(batch).add(window);
            room.set(batch, room.get(batch) - packing.rows(window));
        }
        return batches;
    }

    private static Map<String, OnnxTensor> tensors(PackedBatch batch) throws OrtException {
        long[] perToken = {batch.rows(), batch.segmentLength()};
        long[] perSegment = {batch.rows()};
        return Map.of(
                "input_ids", tensor(batch.inputIds(), perToken),
                "attention_mask", tensor(batch.attentionMask(), perToken),
                "document_index", tensor(batch.documentIndex(), perSegment),
                "segment_index", tensor(batch.segmentIndex(), perSegment));
    }

    private static OnnxTensor tensor(long[] values, long[] shape) throws OrtException {
        LongBuffer buffer = ByteBuffer.allocateDirect(values.length * Long.BYTES)
                .order(ByteOrder.nativeOrder())
                .asLongBuffer();
        buffer.put(values).flip();
        return OnnxTensor.createTensor(ENVIRONMENT, buffer, shape);
    }

    private static float[][] rows(OrtSession.Result result, String output) {
        if (result.get(output).isEmpty()) {
            return new float[0][];
        }
        OnnxTensor tensor = (OnnxTensor) result.get(output).get();
        float[][] rows = new float[Math.toIntExact(tensor.getInfo().getShape()[0])][];
        FloatBuffer values = tensor.getFloatBuffer();
        int width = values.remaining() / rows.length;
        for (int row = 0; row < rows.length; row++) {
            rows[row] = new float[width];
            values.get(rows[row]);
        }
        return rows;
    }

    @Override
    public void close() {
        try {
            for (OrtSession session : bySpinning.values()) {
                session.close();
            }
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime cannot close its session: " + e.getMessage(), e);
        }
    }
}
