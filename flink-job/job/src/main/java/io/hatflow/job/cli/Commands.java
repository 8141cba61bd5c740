package io.hatflow.job.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The commands behind the scripts of {@code deploy/}. */
@Command(
        name = "hatflow",
        description = "Classify long documents on this machine.",
        subcommands = {
            RunCommand.class,
            ScoreCommand.class,
            SendCommand.class,
            ReadCommand.class,
            ReplayCommand.class,
            DemoCommand.class
        },
        mixinStandardHelpOptions = true)
public final class Commands {

    private Commands() {}

    /** Ends the JVM with 0 if all went well, 1 if not, 2 if the command was not understood. */
    public static void main(String[] arguments) {
        TemporaryFolder.removeAtExit();
        System.exit(line().execute(arguments));
    }

    static CommandLine line() {
        CommandLine commands = new CommandLine(new Commands());
        commands.setCaseInsensitiveEnumValuesAllowed(true);
        commands.setParameterExceptionHandler(Mistakes::ofArguments);
        commands.setExecutionExceptionHandler(Mistakes::ofExecution);
        return commands;
    }
}
