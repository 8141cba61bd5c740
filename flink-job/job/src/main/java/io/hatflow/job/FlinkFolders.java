package io.hatflow.job;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.FileSystem.WriteMode;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.UnsupportedFileSystemSchemeException;
import org.jspecify.annotations.Nullable;

/**
 * The folders to which Flink and the job write, each looked at as the process will that writes to it: with its file systems and rights.
 *
 * @param flink options of the job and, where this is a process of one, of the cluster
 * @param quarantine folder of the setting; empty if there is none
 */
record FlinkFolders(ReadableConfig flink, String quarantine) {

    private static final String CHECKPOINTS = CheckpointingOptions.CHECKPOINTS_DIRECTORY.key();

    /** A sentence for each folder that cannot be used. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        String checkpoints =
                flink.getOptional(CheckpointingOptions.CHECKPOINTS_DIRECTORY).orElse("");
        if (checkpoints.isEmpty()) {
            problems.add(CHECKPOINTS
                    + " is not set: checkpoints would lie in the JobManager's memory, which takes no state above 5 MiB, and"
                    + " the job would restart for ever; set it in Flink's configuration or as "
                    + JobSettings.FLINK_PREFIX
                    + CHECKPOINTS + ", such as file:///shared/checkpoints, in a file system that all processes reach");
        } else {
            addProblem(problems, CHECKPOINTS, checkpoints, true);
        }
        flink.getOptional(CheckpointingOptions.SAVEPOINT_DIRECTORY)
                .ifPresent(
                        folder -> addProblem(problems, CheckpointingOptions.SAVEPOINT_DIRECTORY.key(), folder, true));
        if (!quarantine.isEmpty()) {
            addProblem(problems, "quarantine.directory", quarantine, false);
        }
        return problems;
    }

    private static void addProblem(List<String> problems, String key, String folder, boolean needsScheme) {
        String problem = problem(folder, needsScheme);
        if (problem != null) {
            problems.add(key + " is \"" + folder + "\", " + problem);
        }
    }

    private static @Nullable String problem(String folder, boolean needsScheme) {
        Path path;
        try {
            path = new Path(folder);
        } catch (IllegalArgumentException e) {
            return "which is not a URI (" + e.getMessage() + "); expected one such as file:///shared/checkpoints";
        }
        if (needsScheme && path.toUri().getScheme() == null) {
            return "which names no file system; expected a URI, such as file://"
                    + java.nio.file.Path.of(folder).toAbsolutePath().normalize();
        }
        try {
            return writingProblem(path);
        } catch (UnsupportedFileSystemSchemeException e) {
            return "but this Flink has no file system for " + path.toUri().getScheme()
                    + "://; put its plugin into Flink's plugins folder, or give a folder of another file system";
        } catch (IOException e) {
            return "which cannot be written: " + e.getMessage()
                    + "; give a folder that this process may write to, or correct its rights";
        }
    }

    /** Makes the folder as Flink would, and a file in it that goes again. */
    private static @Nullable String writingProblem(Path folder) throws IOException {
        FileSystem files = folder.getFileSystem();
        for (Path each = folder; each != null; each = each.getParent()) {
            if (files.exists(each)) {
                FileStatus found = files.getFileStatus(each);
                if (!found.isDir()) {
                    return each.equals(folder)
                            ? "which is a file; expected a folder"
                            : "but " + each.getPath() + " is a file; expected a folder";
                }
                break;
            }
        }
        files.mkdirs(folder);
        Path probe = new Path(folder, "hatflow-probe-" + UUID.randomUUID());
        files.create(probe, WriteMode.NO_OVERWRITE).close();
        files.delete(probe, false);
        return null;
    }
}
