package io.hatflow.cli;

import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.onnx.DeviceException;
import io.hatflow.job.config.SettingsException;
import io.hatflow.job.config.Spelling;
import io.hatflow.job.kafka.KafkaRefusal;
import io.hatflow.job.registry.RegistryException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** What a command says when it does not work: a sentence where a person can mend it, else where it came from. */
final class Mistakes {

    private Mistakes() {}

    /** Unknown options first: a misspelt one is also missing, and only its spelling helps. But no option is known of a command that is not. */
    static int ofArguments(ParameterException mistake, String[] arguments) {
        CommandSpec command = mistake.getCommandLine().getCommandSpec();
        PrintWriter err = mistake.getCommandLine().getErr();
        boolean unknownCommand =
                !command.subcommands().isEmpty() && arguments.length > 0 && !arguments[0].startsWith("-");
        List<String> unknown = unknownCommand ? List.of() : unknownOptions(command, arguments);
        unknown.forEach(err::println);
        if (unknown.isEmpty()) {
            err.println(String.valueOf(mistake.getMessage()).lines().findFirst().orElse(""));
            if (mistake instanceof CommandLine.UnmatchedArgumentException unmatched) {
                CommandLine.UnmatchedArgumentException.printSuggestions(unmatched, err);
            }
        }
        err.println("--help shows what there is.");
        return CommandLine.ExitCode.USAGE;
    }

    private static List<String> unknownOptions(CommandSpec command, String[] arguments) {
        List<String> unknown = new ArrayList<>();
        for (String argument : arguments) {
            String name = argument.split("=", 2)[0];
            // What has a dot is a setting of the job, and others look at those.
            if (name.startsWith("--")
                    && !name.contains(".")
                    && !command.optionsMap().containsKey(name)) {
                unknown.add("Unknown option " + name
                        + Spelling.nearest(name, command.optionsMap().keySet())
                                .map(near -> "; did you mean " + near + "?")
                                .orElse(""));
            }
        }
        return unknown;
    }

    /** 2 for settings that have mistakes, like arguments; 1 for everything else. */
    static int ofExecution(Exception failure, CommandLine line, ParseResult parsed) {
        Optional<String> sentence = sentence(failure);
        if (sentence.isPresent()) {
            line.getErr().println(sentence.get());
        } else {
            failure.printStackTrace(line.getErr());
        }
        return failure instanceof SettingsException ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
    }

    private static Optional<String> sentence(Exception failure) {
        if (failure instanceof IllegalArgumentException) {
            return Optional.of(String.valueOf(failure.getMessage()));
        }
        if (failure instanceof FileSystemException file) {
            String reason = file.getReason() == null ? file.getClass().getSimpleName() : file.getReason();
            return Optional.of("The file " + file.getFile() + " cannot be used: " + reason + ".");
        }
        Optional<KafkaRefusal> refusal = KafkaRefusal.behind(failure, "these servers");
        if (refusal.isPresent()) {
            return refusal.map(Throwable::getMessage);
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof BundleException
                    || cause instanceof DeviceException
                    || cause instanceof RegistryException) {
                return Optional.of(String.valueOf(cause.getMessage()));
            }
            if (cause instanceof SuppressRestartsException && cause.getCause() != null) {
                // The job ends for good only for what a person can mend.
                return Optional.of("The job has ended. " + cause.getCause().getMessage());
            }
            if (cause instanceof KafkaException kafka) {
                return Optional.of(ofKafka(kafka));
            }
        }
        return Optional.empty();
    }

    private static String ofKafka(KafkaException failure) {
        Throwable deepest = failure;
        while (deepest.getCause() != null && !(deepest instanceof TimeoutException)) {
            deepest = deepest.getCause();
        }
        String said = String.valueOf(deepest.getMessage());
        return deepest instanceof TimeoutException
                ? "Kafka did not answer: " + said.replaceFirst("\\.$", "")
                        + ". Does a broker run at --bootstrap-servers, can this machine reach it, and is the topic there?"
                : "Kafka did not do what it was asked for: " + said;
    }
}
