package io.hatflow.benchmarks.throughput;

import static java.util.Objects.requireNonNull;

import io.hatflow.benchmarks.contender.AsyncPerRecordContender;
import io.hatflow.benchmarks.contender.CeilingContender;
import io.hatflow.benchmarks.contender.Contender;
import io.hatflow.benchmarks.contender.OperatorContender;
import io.hatflow.benchmarks.contender.PaddedContender;
import io.hatflow.benchmarks.contender.PaddedContender.Batching;
import io.hatflow.benchmarks.contender.PipelineContender;
import io.hatflow.benchmarks.contender.PythonContender;
import io.hatflow.benchmarks.contender.Reloaded;
import io.hatflow.benchmarks.contender.Reloaded.Opening;
import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.Lengths;
import io.hatflow.benchmarks.kafka.DefaultSettings;
import io.hatflow.benchmarks.kafka.WireFormat;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.broker.LocalBroker;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who takes part.
 *
 * @param bundle the fp32 bundle
 * @param int8Bundle the same model in int8, or null
 * @param plainGraph what the others run: {@code python/plain_graph.py}
 * @param python interpreter that has what {@code python/requirements.txt} names, or null to leave its contenders out
 * @param beam whether that interpreter has Apache Beam
 * @param resources of every contender
 * @param only names of those that take part besides the ceiling; empty for all
 * @param folder for files that last as long as the run
 */
record Field(
        Path bundle,
        @Nullable Path int8Bundle,
        Path plainGraph,
        @Nullable Path python,
        boolean beam,
        Resources resources,
        Set<String> only,
        Path scripts,
        Path folder) {

    static final String INT8_PIPELINE = "pipeline-int8";

    /** Whose scores are held against everybody's: ours. */
    static final String REFERENCE = "operator";

    /** All that there can be. */
    static final List<String> NAMES = List.of(
            "ceiling",
            REFERENCE,
            "pipeline",
            INT8_PIPELINE,
            "async-per-record",
            "padded8-sorted",
            "padded8",
            "padded32",
            "naive32",
            "naive",
            "python-padded8",
            "python-padded32",
            "torch-padded8",
            "torch-padded32",
            "beam-padded8",
            "beam-stock");

    /**
     * Whose distance is a few per cent, less than what a machine shared with others varies by from one second to the next: they need
     * many repetitions, close to each other.
     */
    static final Set<String> CLOSE = Set.of("ceiling", "operator", "pipeline");

    /** Larger batches, and PyTorch's compiler: on processors they take part only where they are asked for. */
    private static final Set<String> FOR_GPUS =
            Set.of("padded32", "python-padded32", "torch-padded8", "torch-padded32");

    private static final Set<String> OF_BEAM = Set.of("beam-padded8", "beam-stock");

    private static final int BATCH = 8;
    private static final int LARGE_BATCH = 32;
    private static final int SORTED_TOGETHER = 256;
    private static final int SHORTER_PADDING = 32;

    /** Opens the contenders for a stream; the caller closes them. */
    List<Contender> open(Lengths lengths, TextReader reader, LocalBroker broker, List<Document> trial)
            throws Exception {
        List<Contender> field = new ArrayList<>();
        field.add(new CeilingContender(bundle.resolve("model.onnx"), reader, resources, trial));
        for (String name : names(lengths, reader.packing().maxSegments())) {
            field.add(open(name, reader, broker));
        }
        return field;
    }

    /** Besides the ceiling: of all that can take part here, those that were asked for. */
    private List<String> names(Lengths lengths, int maxSegments) {
        List<String> names = new ArrayList<>(NAMES);
        names.remove("ceiling");
        if (int8Bundle == null) {
            names.remove(INT8_PIPELINE);
        }
        // Documents of more segments would need windows of another length, and so get other scores.
        if (lengths != Lengths.MIXED || maxSegments <= SHORTER_PADDING) {
            names.remove("naive32");
        }
        if (python == null) {
            names.removeIf(name -> name.startsWith("python-") || name.startsWith("torch-"));
        }
        if (python == null || !beam || resources.onGpu()) {
            names.removeAll(OF_BEAM);
        }
        if (only.isEmpty()) {
            names.removeAll(resources.onGpu() ? Set.of() : FOR_GPUS);
        } else {
            names.retainAll(only);
        }
        return names;
    }

    private Contender open(String name, TextReader reader, LocalBroker broker) throws Exception {
        return switch (name) {
            case "operator" ->
                new OperatorContender(
                        DefaultSettings.of(name, "none:9092", bundle, resources).classify(), resources.tasks());
            case "pipeline" -> new PipelineContender(name, broker, folder, bundle, resources, WireFormat.HATFLOW);
            case INT8_PIPELINE ->
                new PipelineContender(name, broker, folder, requireNonNull(int8Bundle), resources, WireFormat.HATFLOW);
            case "async-per-record" -> opened(name, () -> new AsyncPerRecordContender(reader, plainGraph, resources));
            case "padded8-sorted" -> padded(name, new Batching(BATCH, SORTED_TOGETHER, 0), reader);
            case "padded8" -> padded(name, new Batching(BATCH, 1, 0), reader);
            case "padded32" -> padded(name, new Batching(LARGE_BATCH, 1, 0), reader);
            case "naive32" -> padded(name, new Batching(1, 1, SHORTER_PADDING), reader);
            case "naive" -> padded(name, new Batching(1, 1, reader.packing().maxSegments()), reader);
            case "python-padded8" -> python(name, reader, "padded_onnxruntime.py", "--batch", "" + BATCH);
            case "python-padded32" -> python(name, reader, "padded_onnxruntime.py", "--batch", "" + LARGE_BATCH);
            case "torch-padded8" -> torch(name, reader, BATCH);
            case "torch-padded32" -> torch(name, reader, LARGE_BATCH);
            case "beam-padded8" -> python(name, reader, "beam_run_inference.py", "--padding", "batch");
            case "beam-stock" -> python(name, reader, "beam_run_inference.py", "--padding", "model");
            default -> throw new IllegalStateException("there is no contender " + name + "; this is a bug");
        };
    }

    /** Opened again for each run on a processor; once on a GPU, whose memory holds all of them. */
    private Contender opened(String name, Opening opening) throws Exception {
        return resources.onGpu() ? opening.open() : new Reloaded(name, opening);
    }

    private Contender padded(String name, Batching batching, TextReader reader) throws Exception {
        return opened(name, () -> new PaddedContender(name, batching, reader, plainGraph, resources));
    }

    private Contender torch(String name, TextReader reader, int batch) throws Exception {
        return python(name, reader, "padded_torch.py", "--bundle", bundle.toString(), "--batch", "" + batch);
    }

    private Contender python(String name, TextReader reader, String script, String... more) throws Exception {
        List<String> command = new ArrayList<>(
                List.of(String.valueOf(python), scripts.resolve(script).toString()));
        command.addAll(List.of(more));
        return opened(name, () -> new PythonContender(name, reader, folder, plainGraph, resources, command));
    }
}
