package io.hatflow.job.cli;

import io.hatflow.job.config.SettingsException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The commands behind the scripts of {@code deploy/}. */
@Command(
        name = "hatflow",
        description = "Classify long documents on this machine.",
        subcommands = {ScoreCommand.class, SendCommand.class, ReadCommand.class, ReplayCommand.class, DemoCommand.class
        },
        mixinStandardHelpOptions = true)
public final class Commands {

    private Commands() {}

    /** Ends the JVM with 0 if all went well, 1 if not, 2 if the command was not understood. */
    public static void main(String[] arguments) {
        CommandLine commands = new CommandLine(new Commands());
        commands.setCaseInsensitiveEnumValuesAllowed(true);
        commands.setExecutionExceptionHandler((failure, line, parsed) -> {
            // What a person can mend is said in a sentence; everything else with where it came from.
            if (failure instanceof IllegalArgumentException || failure instanceof UserMessage) {
                line.getErr().println(failure.getMessage());
                return failure instanceof SettingsException ? 2 : 1;
            }
            failure.printStackTrace(line.getErr());
            return 1;
        });
        System.exit(commands.execute(arguments));
    }

    /** A failure whose message says all that its reader needs. */
    static final class UserMessage extends Exception {
        private static final long serialVersionUID = 1L;

        UserMessage(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
