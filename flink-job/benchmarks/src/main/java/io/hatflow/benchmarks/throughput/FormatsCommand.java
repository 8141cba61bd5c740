package io.hatflow.benchmarks.throughput;

import io.hatflow.benchmarks.contender.Contender;
import io.hatflow.benchmarks.contender.PipelineContender;
import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.DocumentStream;
import io.hatflow.benchmarks.document.Lengths;
import io.hatflow.benchmarks.document.Slice;
import io.hatflow.benchmarks.kafka.WireFormat;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.benchmarks.report.Results;
import io.hatflow.broker.LocalBroker;
import io.hatflow.registry.LocalRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.flink.util.FileUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What it costs that records are users' own: the pipeline with each {@code document.format}, by turns on the same documents. */
@Command(
        name = "formats",
        description = "Documents per second of the pipeline with each document.format, and what decoding alone takes.",
        mixinStandardHelpOptions = true)
public final class FormatsCommand implements Callable<Integer> {

    private static final int WARM_UP_PART = 4;

    @Option(names = "--bundle", required = true, description = "model bundle")
    private Path bundle = Path.of("");

    @Option(names = "--documents", defaultValue = "128", description = "measured in each repetition (${DEFAULT-VALUE})")
    private int documents;

    @Option(names = "--repetitions", defaultValue = "10", description = "(${DEFAULT-VALUE})")
    private int repetitions;

    @Option(names = "--output", required = true, description = "JSON file for the results")
    private Path output = Path.of("");

    /**
     * How a format did.
     *
     * @param documentsPerSecond of the pipeline, in each repetition
     * @param ofHatflow documents per second over those of the format that is ours, in the same repetition
     * @param decodingMicros for a document, of the decoder alone
     */
    record Point(List<Double> documentsPerSecond, Ratio ofHatflow, double decodingMicros) {}

    @Override
    public Integer call() throws Exception {
        RunCommand.atLeast(1, Map.of("--documents", documents, "--repetitions", repetitions));
        Progress progress = new Progress(System.out);
        Results results = new Results(
                output,
                "flink-job/benchmarks/formats.sh",
                Map.of(
                        "bundle", String.valueOf(bundle.getFileName()),
                        "documents", documents,
                        "repetitions", repetitions));
        Path folder = Files.createTempDirectory("hatflow-benchmark");
        progress.say("Starting a Kafka broker and a schema registry …");
        try (TextReader reader = TextReader.open(bundle);
                LocalBroker broker = LocalBroker.start(folder.resolve("kafka"));
                LocalRegistry registry = LocalRegistry.start(folder)) {
            Map<String, Point> points = measure(
                    new DocumentStream(reader), WireFormat.all(registry, folder), broker, folder, progress, results);
            results.put("formats", points);
            points.forEach((name, point) -> System.out.printf(
                    Locale.ROOT,
                    "%-16s %s of hatflow's documents per second; decoding takes %.1f µs a document%n",
                    name,
                    point.ofHatflow(),
                    point.decodingMicros()));
        } finally {
            FileUtils.deleteDirectoryQuietly(folder.toFile());
        }
        progress.say("Results: " + results.file());
        return 0;
    }

    private Map<String, Point> measure(
            DocumentStream source,
            List<WireFormat> formats,
            LocalBroker broker,
            Path folder,
            Progress progress,
            Results results)
            throws Exception {
        int warmUp = Math.max(1, documents / WARM_UP_PART);
        List<Document> stream = source.draw(Lengths.MIXED, warmUp + documents * repetitions, Throughput.SEED);
        List<Document> measured = stream.subList(warmUp, stream.size());
        List<Slice> slices = Throughput.slices(stream.subList(0, warmUp), measured, documents);
        Map<String, Double> micros = Decoding.micros(formats, bundle, measured);
        Map<String, List<Double>> rates = race(formats, slices, broker, folder, progress, results);
        List<Double> ours = rates.getOrDefault(WireFormat.HATFLOW.name(), List.of());
        Map<String, Point> points = new LinkedHashMap<>();
        rates.forEach((name, each) ->
                points.put(name, new Point(each, Ratio.of(each, ours), micros.getOrDefault(name, Double.NaN))));
        return points;
    }

    private Map<String, List<Double>> race(
            List<WireFormat> formats,
            List<Slice> slices,
            LocalBroker broker,
            Path folder,
            Progress progress,
            Results results)
            throws Exception {
        List<Contender> contenders = new ArrayList<>();
        try {
            for (WireFormat format : formats) {
                contenders.add(new PipelineContender(
                        format.name(),
                        broker,
                        folder,
                        bundle,
                        Resources.ofCpu(Runtime.getRuntime().availableProcessors()),
                        format));
            }
            return new Tournament(
                            "formats", contenders, WireFormat.HATFLOW.name(), Agreement.ofFp32(), progress, results)
                    .run(slices);
        } finally {
            contenders.forEach(Contender::close);
        }
    }
}
