package io.hatflow.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the commands of this module share. */
final class Commands {

    private Commands() {}

    /** @throws IllegalArgumentException if it is not */
    static void requirePositive(String option, double value) {
        if (!(value > 0)) {
            throw new IllegalArgumentException(option + " is " + value + ", expected more than 0");
        }
    }

    /** Lets the logs and data of a run stay, where the script has made a folder for them: see {@code deploy/launch/build.sh}. */
    static void keep(Path home) throws IOException {
        String folder = System.getProperty("hatflow.temporary", "");
        if (!folder.isEmpty()) {
            Files.createFile(Path.of(folder, "keep"));
        }
        say("Logs and data stay in " + home);
    }

    static void say(String sentence) {
        System.out.println(sentence);
        System.out.flush();
    }
}
