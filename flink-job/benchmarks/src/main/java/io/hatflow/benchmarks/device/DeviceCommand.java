package io.hatflow.benchmarks.device;

import io.hatflow.benchmarks.report.Difference;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.benchmarks.report.Results;
import io.hatflow.inference.BatchSize;
import io.hatflow.inference.Classification;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.ModelSettings;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.onnx.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What a device computes, and what it does when memory runs out. Each part is written as soon as it is known; one that fails says why. */
@Command(
        name = "device",
        description =
                "On a device: the budget that warm-up learns, scores alone and in batches, scores against another bundle's on the CPU, batches beyond its memory.",
        mixinStandardHelpOptions = true)
public final class DeviceCommand implements Callable<Integer> {

    /** More segments than fit into a limited memory, if {@code --memory-limit} says so well. */
    private static final BatchSize TOO_LARGE = new BatchSize.Fixed(1024);

    @Option(names = "--bundle", required = true, description = "model bundle")
    private Path bundle = Path.of("");

    @Option(names = "--device", required = true, description = "cpu or cuda:N")
    private String device = "";

    @Option(names = "--reference", description = "bundle of the same model that runs on the CPU, fp32")
    private @Nullable Path reference;

    @Option(names = "--texts", required = true, description = "folder of .txt files")
    private Path texts = Path.of("");

    @Option(
            names = "--copies",
            defaultValue = "20",
            description = "of each text, which are classified together (${DEFAULT-VALUE})")
    private int copies;

    @Option(
            names = "--memory-limit",
            defaultValue = "0",
            description = "MiB of the GPU's memory, too few for a batch of 1024 segments; 0 to leave this out")
    private long memoryLimit;

    @Option(names = "--output", required = true, description = "JSON file for the results")
    private Path output = Path.of("");

    private record Opened(double seconds, int budgetRows, double fixedMicros, double microsPerRow) {}

    private record OutOfMemory(long limitMiB, long halved, int budgetRows, Difference fromAlone) {}

    /** A part of the results. */
    @FunctionalInterface
    private interface Part {
        Object measured();
    }

    @Override
    public Integer call() throws IOException {
        Progress progress = new Progress(System.out);
        Results results = new Results(
                output,
                "flink-job/benchmarks/gpu/run.sh",
                Map.of("bundle", bundle.toString(), "device", device, "copies", copies, "memoryLimitMiB", memoryLimit));
        List<String> documents = documents();
        List<float[]> alone = new ArrayList<>();
        boolean well;
        long begun = System.nanoTime();
        try (DocumentClassifier classifier = open(bundle, Device.parse(device), BatchSize.learned())) {
            Opened opened = opened(classifier.statistics(), (System.nanoTime() - begun) / 1e9);
            well = put(results, progress, "opened", () -> opened);
            documents.forEach(text -> alone.add(scores(classifier.classify(text))));
            well &= put(results, progress, "together", () -> together(classifier, documents, alone));
        }
        Path onCpu = reference;
        if (onCpu != null) {
            well &= put(results, progress, "againstCpu", () -> againstCpu(onCpu, documents, alone));
        }
        if (memoryLimit > 0) {
            well &= put(results, progress, "outOfMemory", () -> outOfMemory(documents, alone));
        }
        return well ? 0 : 1;
    }

    private List<String> documents() throws IOException {
        List<String> documents = new ArrayList<>();
        try (Stream<Path> files = Files.list(texts)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".txt"))
                    .sorted()
                    .toList()) {
                documents.add(Files.readString(file));
            }
        }
        if (documents.isEmpty()) {
            throw new IllegalArgumentException("--texts " + texts + ": expected a folder with .txt files in it");
        }
        return documents;
    }

    private static boolean put(Results results, Progress progress, String name, Part part) throws IOException {
        Object value;
        boolean well = true;
        try {
            value = part.measured();
        } catch (RuntimeException e) {
            value = Map.of("failed", e.toString());
            well = false;
        }
        results.put(name, value);
        progress.say(name + ": " + value);
        return well;
    }

    private static DocumentClassifier open(Path bundle, Device on, BatchSize batchSize) {
        ClassifierSettings defaults = ClassifierSettings.defaults();
        ModelSettings model = defaults.model();
        return DocumentClassifier.open(
                bundle,
                new ClassifierSettings(
                        defaults.longDocuments(),
                        defaults.maxCharacters(),
                        defaults.evidencePerLabel(),
                        new ModelSettings(batchSize, model.runTimeout(), on, model.inferenceThreads())));
    }

    private static Opened opened(BatchStatistics learned, double seconds) {
        return new Opened(seconds, learned.budgetRows(), learned.fixedNanos() / 1e3, learned.nanosPerRow() / 1e3);
    }

    private static float[] scores(CompletableFuture<Outcome> answer) {
        List<LabelScore> labels = ((Classification) answer.join()).labels();
        float[] scores = new float[labels.size()];
        for (int label = 0; label < scores.length; label++) {
            scores[label] = labels.get(label).score();
        }
        return scores;
    }

    /** All copies at once, against each text alone. */
    private Difference together(DocumentClassifier classifier, List<String> documents, List<float[]> alone) {
        List<String> all = Collections.nCopies(copies, documents).stream()
                .flatMap(List::stream)
                .toList();
        List<CompletableFuture<Outcome>> answers =
                all.parallelStream().map(classifier::classify).toList();
        List<float[]> expected = Collections.nCopies(copies, alone).stream()
                .flatMap(List::stream)
                .toList();
        return Difference.of(answers.stream().map(DeviceCommand::scores).toList(), expected);
    }

    private static Difference againstCpu(Path reference, List<String> documents, List<float[]> alone) {
        try (DocumentClassifier classifier = open(reference, Device.CPU, BatchSize.learned())) {
            List<CompletableFuture<Outcome>> answers =
                    documents.stream().map(classifier::classify).toList();
            return Difference.of(
                    alone, answers.stream().map(DeviceCommand::scores).toList());
        }
    }

    private OutOfMemory outOfMemory(List<String> documents, List<float[]> alone) {
        try (DocumentClassifier classifier =
                open(bundle, Device.parse(device).limitedTo(memoryLimit << 20), TOO_LARGE)) {
            Difference fromAlone = together(classifier, documents, alone);
            BatchStatistics statistics = classifier.statistics();
            return new OutOfMemory(memoryLimit, statistics.outOfMemory(), statistics.budgetRows(), fromAlone);
        }
    }
}
