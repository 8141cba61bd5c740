package io.hatflow.chaos;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * The folder of the checkpoints on a file system that can be filled: a small one in memory where this process may mount it. Where it
 * may not (that takes root on most systems), the folder is put out of the way instead, which fails every write as well, with another
 * error.
 */
final class FullDisk implements AutoCloseable {

    private static final int MEGABYTES = 48;

    private final Path folder;
    private final boolean mounted;

    private FullDisk(Path folder, boolean mounted) {
        this.folder = folder;
        this.mounted = mounted;
    }

    /** Makes the folder. */
    static FullDisk at(Path folder) throws IOException {
        Files.createDirectories(folder);
        return new FullDisk(
                folder, succeeds("mount", "-t", "tmpfs", "-o", "size=" + MEGABYTES + "m", "tmpfs", folder.toString()));
    }

    private static boolean succeeds(String... command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** What fill really does, for people. */
    String means() {
        return mounted
                ? "a file system of " + MEGABYTES + " MB that is full"
                : "the folder is away, this user may not mount";
    }

    private Path filler() {
        return folder.resolve("filler");
    }

    private Path away() {
        return folder.resolveSibling(folder.getFileName() + ".away");
    }

    /** From now on nothing can be written. */
    void fill() throws IOException {
        if (!mounted) {
            Files.move(folder, away());
            Files.writeString(folder, "Not a folder.");
            return;
        }
        byte[] block = new byte[1 << 16];
        try (OutputStream out = Files.newOutputStream(filler())) {
            while (true) {
                out.write(block);
            }
        } catch (IOException full) {
            // And the rest of the last block, byte by byte.
            try (OutputStream out = Files.newOutputStream(filler(), java.nio.file.StandardOpenOption.APPEND)) {
                while (true) {
                    out.write(0);
                }
            } catch (IOException reallyFull) {
                return;
            }
        }
    }

    /** There is room again. */
    void free() throws IOException {
        if (mounted) {
            Files.deleteIfExists(filler());
        } else if (Files.isDirectory(away())) {
            Files.deleteIfExists(folder);
            Files.move(away(), folder);
        }
    }

    @Override
    public void close() throws IOException {
        free();
        if (mounted && !succeeds("umount", folder.toString())) {
            succeeds("umount", "-l", folder.toString());
        }
    }
}
