package io.hatflow.cli;

import io.hatflow.cli.demo.Demo;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs the demo. */
@Command(
        name = "demo",
        description = "Show documents on their way through Kafka, Flink and the model to labelled events.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {

    @Option(names = "--bundle", required = true, description = "folder of the model bundle")
    private Path bundle = Path.of("");

    @Option(
            names = "--quality-bundle",
            description =
                    "folder of the bundle of a language model, which says in a second job which documents are garbled")
    private @Nullable Path qualityBundle;

    @Option(names = "--samples", required = true, description = "folder of .txt files to classify")
    private Path samples = Path.of("");

    @Option(names = "--keep", description = "leave everything running until Ctrl-C")
    private boolean keep;

    @Override
    public Integer call() throws Exception {
        return new Demo(bundle, qualityBundle, samples, keep, System.out).run() ? 0 : 1;
    }
}
