package io.hatflow.cli;

import io.hatflow.job.ClassificationJob;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** Runs the job in this JVM. */
@Command(
        name = "run",
        description = "Run the job on this machine. Takes the settings of the job, see docs/configuration.md.",
        mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {

    @Unmatched
    private List<String> settings = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        ClassificationJob.main(settings.toArray(String[]::new));
        return 0;
    }
}
