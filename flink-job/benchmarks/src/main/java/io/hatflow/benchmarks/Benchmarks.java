package io.hatflow.benchmarks;

import io.hatflow.benchmarks.device.DeviceCommand;
import io.hatflow.benchmarks.growth.GrowthCommand;
import io.hatflow.benchmarks.latency.CheckpointsCommand;
import io.hatflow.benchmarks.latency.WaitingCommand;
import io.hatflow.benchmarks.throughput.FormatsCommand;
import io.hatflow.benchmarks.throughput.RunCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The commands behind {@code run.sh}, {@code growth.sh}, {@code formats.sh}, {@code waiting.sh}, {@code checkpoints.sh} and {@code gpu/run.sh}. Micro-benchmarks are JMH's: {@link MicroBatchBenchmark}. */
@Command(
        name = "benchmarks",
        description = "Measures hatflow against everything that one could use instead.",
        subcommands = {
            RunCommand.class,
            GrowthCommand.class,
            FormatsCommand.class,
            WaitingCommand.class,
            CheckpointsCommand.class,
            DeviceCommand.class
        },
        mixinStandardHelpOptions = true)
public final class Benchmarks {

    private Benchmarks() {}

    /** Ends the JVM with 0 if all went well. */
    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    static int run(String... arguments) {
        CommandLine commands = new CommandLine(new Benchmarks());
        commands.setExecutionExceptionHandler((failure, line, parsed) -> {
            if (failure instanceof IllegalArgumentException) {
                line.getErr().println(failure.getMessage());
            } else {
                failure.printStackTrace(line.getErr());
            }
            return 1;
        });
        return commands.execute(arguments);
    }
}
