package io.hatflow.chaos;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Another jar of the same job: what a build of the next version differs in as far as Flink is concerned, its bytes and its name. */
final class Upgrade {

    private Upgrade() {}

    /** Copies the jar, with one entry more. */
    static Path of(Path jar, Path copy) throws IOException {
        Files.copy(jar, copy, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        try (var files = java.nio.file.FileSystems.newFileSystem(copy)) {
            Files.write(files.getPath("/upgraded"), "a later version\n".getBytes(StandardCharsets.UTF_8));
        }
        return copy;
    }
}
