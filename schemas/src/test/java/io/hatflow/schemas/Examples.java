package io.hatflow.schemas;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files under {@code examples/}, which double as documentation. */
final class Examples {

    private Examples() {}

    /** Names without {@code .json}, sorted. */
    static List<String> names(String folder) throws IOException {
        try (var files = Files.list(Path.of("examples", folder))) {
            return files.map(file -> file.getFileName().toString().replaceFirst("\\.json$", ""))
                    .sorted()
                    .toList();
        }
    }

    static String read(String folder, String name) throws IOException {
        return Files.readString(Path.of("examples", folder, name + ".json"));
    }
}
