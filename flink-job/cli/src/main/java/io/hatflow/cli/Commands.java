package io.hatflow.cli;

import java.util.List;
import java.util.Map;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** The commands of {@code deploy/hatflow}. */
@Command(
        name = "hatflow",
        description = "Classify long documents as they stream through Kafka.",
        commandListHeading = "%nCommands, each with its own --help:%n",
        subcommands = {
            DemoCommand.class,
            ScoreCommand.class,
            RunCommand.class,
            SendCommand.class,
            ReadCommand.class,
            ReplayCommand.class
        },
        footer = {
            "",
            "To complete commands and options in bash:",
            "  source <(deploy/hatflow completion); PATH=\"$PATH:$PWD/deploy\""
        },
        mixinStandardHelpOptions = true)
public final class Commands {

    /** Those that the launcher hands to other modules, with what they do. */
    private static final List<Map.Entry<String, String>> ELSEWHERE = List.of(
            Map.entry("cluster", "Run a Kafka broker and a Flink cluster of separate processes on this machine."),
            Map.entry(
                    "chaos",
                    "Kill processes of such a cluster while documents stream, and check that none is lost or doubled."),
            Map.entry(
                    "soak",
                    "Run such a cluster for hours at four fifths of its capacity, and watch that nothing piles up."));

    private Commands() {}

    /** Ends the JVM with 0 if all went well, 1 if not, 2 if the command was not understood. */
    public static void main(String[] arguments) {
        TemporaryFolder.removeAtExit();
        System.exit(line().execute(arguments));
    }

    static CommandLine line() {
        CommandLine commands = new CommandLine(new Commands());
        commands.getCommandSpec().versionProvider(new Version());
        commands.getSubcommands().values().forEach(each -> each.getCommandSpec().versionProvider(new Version()));
        ELSEWHERE.forEach(command -> {
            CommandSpec listed = CommandSpec.create();
            listed.usageMessage().description(command.getValue());
            commands.addSubcommand(command.getKey(), new CommandLine(listed));
        });
        CommandLine completion = new CommandLine(new GenerateCompletion());
        completion.getCommandSpec().usageMessage().description("Write a script that completes commands in bash.");
        commands.addSubcommand("completion", completion);
        commands.setCaseInsensitiveEnumValuesAllowed(true);
        commands.setParameterExceptionHandler(Mistakes::ofArguments);
        commands.setExecutionExceptionHandler(Mistakes::ofExecution);
        return commands;
    }
}
