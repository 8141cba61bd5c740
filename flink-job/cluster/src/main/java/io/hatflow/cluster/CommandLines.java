package io.hatflow.cluster;

import picocli.CommandLine;

/** Commands whose mistakes are named in a sentence, without a stack trace. */
public final class CommandLines {

    private CommandLines() {}

    /**
     * A command line that ends with 0 if all went well, 1 if not, 2 if it was not understood.
     *
     * @param command with picocli's annotations; what it throws as {@link ClusterException} or {@link
     *     IllegalArgumentException} is a sentence for a person
     */
    public static CommandLine of(Object command) {
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
}
