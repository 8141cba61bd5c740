package io.hatflow.benchmarks.throughput;

import io.hatflow.benchmarks.document.Lengths;
import io.hatflow.benchmarks.latency.Latency;
import io.hatflow.benchmarks.latency.LatencyResult;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.benchmarks.report.Results;
import io.hatflow.broker.LocalBroker;
import io.hatflow.inference.onnx.Device;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.flink.util.FileUtils;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Throughput of all contenders on both streams, then latency of ours under load. */
@Command(
        name = "run",
        description =
                "Documents per second of all contenders, by turns on the same documents; then latency of the pipeline under load.",
        mixinStandardHelpOptions = true)
public final class RunCommand implements Callable<Integer> {

    @Option(names = "--bundle", required = true, description = "model bundle, fp32")
    private Path bundle = Path.of("");

    @Option(names = "--int8-bundle", description = "the same model in int8")
    private @Nullable Path int8Bundle;

    @Option(
            names = "--plain-graph",
            required = true,
            description = "the same model as python/plain_graph.py exports it")
    private Path plainGraph = Path.of("");

    @Option(names = "--python", description = "interpreter for the contenders in Python; without it they are left out")
    private @Nullable Path python;

    @Option(names = "--skip-beam", description = "leave out Apache Beam")
    private boolean skipBeam;

    @Option(names = "--scripts", required = true, description = "folder of the Python scripts")
    private Path scripts = Path.of("");

    @Option(
            names = "--streams",
            split = ",",
            defaultValue = "MIXED,CONTRACTS",
            description = "${COMPLETION-CANDIDATES}")
    private List<Lengths> streams = List.of();

    @Option(
            names = "--only",
            split = ",",
            description = "contenders that take part besides the ceiling, by name; all unless given")
    private List<String> only = List.of();

    @Option(names = "--documents", defaultValue = "64", description = "measured in each repetition (${DEFAULT-VALUE})")
    private int documents;

    @Option(
            names = "--contracts",
            defaultValue = "4",
            description = "the same for the stream of contracts, whose documents are longer (${DEFAULT-VALUE})")
    private int contracts;

    @Option(
            names = "--repetitions",
            defaultValue = "3",
            description = "in which all contenders take part (${DEFAULT-VALUE})")
    private int repetitions;

    @Option(
            names = "--close-repetitions",
            defaultValue = "6",
            description =
                    "nine times as long, in which, after these, only the ceiling, the operator and the pipeline do, which are a few per cent apart (${DEFAULT-VALUE})")
    private int closeRepetitions;

    @Option(
            names = "--seconds",
            defaultValue = "0",
            description = "of a contender's run at most: who is slower gets fewer documents; 0 for no limit")
    private double seconds;

    @Option(
            names = "--device",
            defaultValue = "cpu",
            description = "cpu or cuda:N, where every contender computes (${DEFAULT-VALUE}); there is no Beam on a GPU")
    private String device = "";

    @Option(
            names = "--tasks",
            defaultValue = "1",
            description = "parallel tasks of the operator and the pipeline, which tokenize (${DEFAULT-VALUE})")
    private int tasks;

    @Option(names = "--threads", description = "of every contender; all processors unless given")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--loads",
            split = ",",
            defaultValue = "10,30,50,70,90,100",
            description = "per cent of the pipeline's capacity at which latency is measured (${DEFAULT-VALUE})")
    private List<Integer> loads = List.of();

    @Option(
            names = "--latency-seconds",
            defaultValue = "120",
            description = "how long each load is offered (${DEFAULT-VALUE}); 0 to leave latency out")
    private int latencySeconds;

    @Option(names = "--output", required = true, description = "JSON file for the results")
    private Path output = Path.of("");

    @Option(names = "--dry-run", description = "only say whether the options make sense; nothing runs")
    private boolean dryRun;

    private record Settings(
            String bundle,
            @Nullable String int8Bundle,
            int documents,
            int contracts,
            int repetitions,
            int closeRepetitions,
            int latencySeconds,
            double seconds,
            String device,
            int tasks,
            int threads) {}

    @Override
    public Integer call() throws Exception {
        check();
        if (dryRun) {
            return 0;
        }
        PrintStream out = System.out;
        Progress progress = new Progress(out);
        Results results = new Results(
                output,
                "flink-job/benchmarks/run.sh",
                new Settings(
                        bundle.getFileName().toString(),
                        int8Bundle == null ? null : int8Bundle.getFileName().toString(),
                        documents,
                        contracts,
                        repetitions,
                        closeRepetitions,
                        latencySeconds,
                        seconds,
                        device,
                        tasks,
                        threads));
        Resources resources = new Resources(Device.parse(device), threads, tasks);
        Path folder = Files.createTempDirectory("hatflow-benchmark");
        List<StreamResult> streamResults = new ArrayList<>();
        LatencyResult latency = null;
        try (TextReader reader = TextReader.open(bundle)) {
            progress.say("Starting a Kafka broker …");
            try (LocalBroker broker = LocalBroker.start(folder.resolve("kafka"))) {
                Field field = new Field(
                        bundle,
                        int8Bundle,
                        plainGraph,
                        python,
                        !skipBeam,
                        resources,
                        Set.copyOf(only),
                        scripts,
                        folder);
                Throughput throughput = new Throughput(field, reader, broker, seconds, progress, results);
                for (Lengths lengths : streams) {
                    streamResults.add(throughput.measure(
                            lengths, lengths == Lengths.MIXED ? documents : contracts, repetitions, closeRepetitions));
                    results.put("throughput", streamResults);
                }
                @Nullable Double capacity = streamResults.get(0).capacity();
                if (latencySeconds > 0 && capacity != null) {
                    latency = new Latency(bundle, reader, broker, folder, resources, progress)
                            .measure(capacity, loads, Duration.ofSeconds(latencySeconds));
                    results.put("latency", latency);
                }
            }
        } finally {
            FileUtils.deleteDirectoryQuietly(folder.toFile());
        }
        streamResults.forEach(result -> Throughput.print(result, out));
        if (latency != null) {
            Latency.print(latency, out);
        }
        out.println();
        out.println("Results: " + results.file());
        printHeadlines(streamResults.get(0), out);
        return 0;
    }

    /** A mistake is named before minutes of preparation. */
    private void check() {
        Stream.of(bundle, int8Bundle)
                .filter(folder -> folder != null && !Files.isRegularFile(folder.resolve("manifest.json")))
                .forEach(folder -> {
                    throw new IllegalArgumentException(
                            folder + " is not a model bundle: expected a folder with manifest.json in it");
                });
        if (Device.parse(device).kind() == Device.Kind.AUTO) {
            throw new IllegalArgumentException(
                    "--device auto: expected cpu or cuda:N, so that the results say what computed");
        }
        List<String> unknown =
                only.stream().filter(name -> !Field.NAMES.contains(name)).toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("--only " + String.join(",", unknown)
                    + ": there are no such contenders; there are " + String.join(", ", Field.NAMES));
        }
        atLeast(
                1,
                Map.of(
                        "--documents", documents,
                        "--contracts", contracts,
                        "--repetitions", repetitions,
                        "--tasks", tasks,
                        "--threads", threads));
        atLeast(0, Map.of("--close-repetitions", closeRepetitions, "--latency-seconds", latencySeconds));
    }

    /** Refuses options that are smaller than {@code least}, by their names. */
    public static void atLeast(int least, Map<String, Integer> given) {
        given.forEach((name, value) -> {
            if (value < least) {
                throw new IllegalArgumentException(name + " " + value + ": expected at least " + least);
            }
        });
    }

    private static void printHeadlines(StreamResult result, PrintStream out) {
        for (String name : StreamResult.HEADLINES) {
            Ratio ratio = result.ratios().get(name);
            if (ratio != null) {
                out.printf(Locale.ROOT, "ratio %s %.3f%n", name, ratio.median());
            } else if (name.equals("int8_vs_fp32")) {
                out.println("No int8 bundle was given (--int8-bundle), so there is no ratio int8_vs_fp32.");
            }
        }
        out.printf(Locale.ROOT, "ratio fill %.3f%n", result.fill().ofDenseLayers());
        out.printf(Locale.ROOT, "ratio fill_of_segments %.3f%n", result.fill().ofSegments());
    }
}
