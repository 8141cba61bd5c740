package io.hatflow.cli;

import java.io.File;
import java.nio.file.Path;
import org.apache.flink.util.FileUtils;

/**
 * The folder that a script has made for all that this JVM leaves behind: libraries that are unpacked to be loaded, Flink's own files. Gone
 * when the JVM ends, if it is not killed; the script waits for that case.
 */
final class TemporaryFolder {

    private TemporaryFolder() {}

    /** Removes the folder, if there is one, once the JVM has been told to end. */
    static void removeAtExit() {
        String folder = System.getProperty("hatflow.temporary", "");
        if (!folder.isEmpty()) {
            File files = Path.of(folder).toFile();
            // Quietly: others that end at the same time remove files of theirs.
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(() -> FileUtils.deleteDirectoryQuietly(files), "hatflow-temporary"));
        }
    }
}
