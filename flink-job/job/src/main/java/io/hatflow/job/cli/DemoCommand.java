package io.hatflow.job.cli;

import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.onnx.DeviceException;
import io.hatflow.job.cli.Commands.UserMessage;
import io.hatflow.job.demo.Demo;
import java.nio.file.Path;
import java.util.concurrent.Callable;
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

    @Option(names = "--samples", required = true, description = "folder of .txt files to classify")
    private Path samples = Path.of("");

    @Option(names = "--keep", description = "leave everything running until Ctrl-C")
    private boolean keep;

    @Override
    public Integer call() throws Exception {
        try {
            return new Demo(bundle, samples, keep, System.out).run() ? 0 : 1;
        } catch (BundleException | DeviceException e) {
            throw new UserMessage(String.valueOf(e.getMessage()), e);
        }
    }
}
