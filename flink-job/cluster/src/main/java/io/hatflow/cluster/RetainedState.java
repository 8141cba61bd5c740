package io.hatflow.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Checkpoints and savepoints that lie on disk. The {@code _metadata} of one appears in its place only when everything is written,
 * so the newest that there is, is the newest that is complete; the sinks have committed nothing that is not in it.
 */
public final class RetainedState {

    private static final int DEPTH = 4;

    private RetainedState() {}

    /**
     * Folder of the newest checkpoint or savepoint under any of the folders.
     *
     * @param since milliseconds since 1970; older ones do not count
     */
    public static Optional<Path> newest(long since, Path... folders) {
        List<Path> found = new ArrayList<>();
        for (Path folder : folders) {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> files = Files.find(
                        folder,
                        DEPTH,
                        (file, attributes) -> file.endsWith("_metadata") && attributes.isRegularFile())) {
                    files.forEach(found::add);
                } catch (UncheckedIOException | IOException e) {
                    // A checkpoint that was removed meanwhile, because there is a newer one.
                    if (!(e instanceof NoSuchFileException) && !(e.getCause() instanceof NoSuchFileException)) {
                        throw new ClusterException("The checkpoints under " + folder + " cannot be listed: " + e, e);
                    }
                    return newest(since, folders);
                }
            }
        }
        return found.stream()
                .filter(file -> written(file) >= since)
                .max(Comparator.comparing(RetainedState::written))
                .map(Path::getParent);
    }

    private static long written(Path file) {
        try {
            return Files.getLastModifiedTime(file).toMillis();
        } catch (IOException e) {
            return 0;
        }
    }
}
