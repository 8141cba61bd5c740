package io.hatflow.benchmarks.growth;

import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.benchmarks.report.Results;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** All growth curves. */
@Command(
        name = "growth",
        description = "How cost grows with documents, queue and tasks.",
        mixinStandardHelpOptions = true)
public final class GrowthCommand implements Callable<Integer> {

    @Option(names = "--bundle", required = true, description = "model bundle")
    private Path bundle = Path.of("");

    @Option(
            names = "--longest",
            defaultValue = "10000",
            description = "segments of the longest document (${DEFAULT-VALUE})")
    private int longest;

    @Option(names = "--documents", defaultValue = "4000", description = "for each number of tasks (${DEFAULT-VALUE})")
    private int documents;

    @Option(names = "--output", required = true, description = "JSON file for the results")
    private Path output = Path.of("");

    @Override
    public Integer call() throws Exception {
        Progress progress = new Progress(System.out);
        Results results = new Results(
                output,
                "flink-job/benchmarks/growth.sh",
                Map.of("bundle", String.valueOf(bundle.getFileName()), "longest", longest, "documents", documents));
        try (TextReader reader = TextReader.open(bundle)) {
            results.put("queue", QueueDepth.measure(reader, progress));
            results.put("parallelism", Parallelism.measure(bundle, reader, documents, progress));
            results.put("length", DocumentLength.measure(bundle, reader, longest, progress));
        }
        progress.say("Results: " + results.file());
        return 0;
    }
}
