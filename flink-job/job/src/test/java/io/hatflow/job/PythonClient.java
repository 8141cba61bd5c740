package io.hatflow.job;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Runs the programs of {@code src/test/python}, which use Confluent's own client, in the environment that the build makes for them. */
final class PythonClient {

    private static final Path PYTHON = Path.of("target/venv/bin/python");
    private static final Path PROGRAMS = Path.of("src/test/python");

    private PythonClient() {}

    /**
     * Runs a program to its end.
     *
     * @return what it prints, each line as JSON
     * @throws IllegalStateException if it fails, with what it says
     */
    static List<JsonNode> run(String program, String... arguments) throws IOException, InterruptedException {
        if (!Files.exists(PYTHON)) {
            throw new IllegalStateException("There is no " + PYTHON.toAbsolutePath()
                    + "; ./mvnw verify -pl flink-job/job -am makes it before the integration tests");
        }
        List<String> command = Stream.concat(
                        Stream.of(PYTHON.toString(), PROGRAMS.resolve(program).toString()), Stream.of(arguments))
                .toList();
        return ForeignProgram.run(command, Map.of("PYTHONDONTWRITEBYTECODE", "1"));
    }
}
