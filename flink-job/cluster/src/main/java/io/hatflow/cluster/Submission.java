package io.hatflow.cluster;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A job as it is submitted; kept in a file, for a JobManager that has to be told again.
 *
 * @param settings of the job, as flags
 */
public record Submission(String jar, int parallelism, List<String> settings) {

    private static final JsonMapper JSON = new JsonMapper();

    public Submission {
        settings = List.copyOf(settings);
    }

    static Optional<Submission> read(Path file) throws IOException {
        return Files.exists(file) ? Optional.of(JSON.readValue(file.toFile(), Submission.class)) : Optional.empty();
    }

    void write(Path file) throws IOException {
        JSON.writeValue(file.toFile(), this);
    }
}
