package io.hatflow.chaos;

import io.hatflow.cluster.ClusterException;
import picocli.CommandLine;

/** What the commands of this module share. */
final class Commands {

    private Commands() {}

    /** The exit code: that of the command, 1 where it failed, 2 where it was not understood. */
    static int execute(Object command, String[] arguments) {
        return line(command).execute(arguments);
    }

    static CommandLine line(Object command) {
        CommandLine line = new CommandLine(command);
        line.setExecutionExceptionHandler((failure, failed, parsed) -> {
            if (failure instanceof ClusterException || failure instanceof IllegalArgumentException) {
                failed.getErr().println(failure.getMessage());
            } else {
                failure.printStackTrace(failed.getErr());
            }
            return 1;
        });
        return line;
    }

    /** @throws IllegalArgumentException if it is not */
    static void requirePositive(String option, double value) {
        if (!(value > 0)) {
            throw new IllegalArgumentException(option + " is " + value + ", expected more than 0");
        }
    }

    static void say(String sentence) {
        System.out.println(sentence);
        System.out.flush();
    }
}
