package io.hatflow.flink.quarantine;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.FileSystem.WriteMode;
import org.apache.flink.core.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Attempts to show documents to the model. Each is an empty file, named after the document's id (percent-encoded), that is made before and removed after:
 * one that is left over is an attempt that its process did not survive. State would not do, because a crash takes it back to the
 * last checkpoint. Where files cannot be written, documents go to the model all the same, uncounted. Thread-safe.
 */
final class Attempts {

    private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);
    private static final char SEPARATOR = '~';

    private final Path folder;
    /** By encoded id. */
    private final Map<String, List<Path>> leftOver = new HashMap<>();

    private Attempts(Path folder) {
        this.folder = folder;
    }

    /** Reads what earlier processes have left over. */
    static Attempts in(String folder) {
        Attempts attempts = new Attempts(new Path(folder));
        try {
            FileSystem files = attempts.folder.getFileSystem();
            files.mkdirs(attempts.folder);
            FileStatus[] found = files.listStatus(attempts.folder);
            for (FileStatus file : found == null ? new FileStatus[0] : found) {
                String name = file.getPath().getName();
                int separator = name.indexOf(SEPARATOR);
                if (separator > 0) {
                    attempts.leftOver
                            .computeIfAbsent(name.substring(0, separator), id -> new ArrayList<>())
                            .add(file.getPath());
                }
            }
        } catch (IOException e) {
            LOG.warn("Attempts in {} cannot be read; nothing is quarantined until the task restarts: {}", folder, e);
        }
        return attempts;
    }

    /** How many attempts with this document were left over. */
    synchronized int leftOver(String id) {
        return leftOver.getOrDefault(encoded(id), List.of()).size();
    }

    /** Without slashes and separators; a UUID stays as it is. */
    private static String encoded(String id) {
        return URLEncoder.encode(id, StandardCharsets.UTF_8);
    }

    /** Notes that a document is shown to the model now; empty where that cannot be noted. */
    Optional<Path> begin(String id) {
        try {
            Path file = new Path(folder, encoded(id) + SEPARATOR + UUID.randomUUID());
            folder.getFileSystem().create(file, WriteMode.NO_OVERWRITE).close();
            return Optional.of(file);
        } catch (IOException e) {
            LOG.warn("An attempt cannot be noted in {}: {}", folder, e.toString());
            return Optional.empty();
        }
    }

    /** Notes that nothing came of an attempt that would count. */
    void end(Path attempt) {
        try {
            folder.getFileSystem().delete(attempt, false);
        } catch (IOException e) {
            LOG.warn("The attempt {} cannot be removed: {}", attempt, e.toString());
        }
    }

    /** A document was answered after all. */
    void forget(String id) {
        List<Path> files;
        synchronized (this) {
            files = leftOver.remove(encoded(id));
        }
        if (files != null) {
            files.forEach(this::end);
        }
    }
}
