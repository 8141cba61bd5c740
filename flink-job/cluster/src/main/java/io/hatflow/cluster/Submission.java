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
 * @param since milliseconds since 1970; checkpoints and savepoints that are older are another job's
 */
public record Submission(String jar, int parallelism, List<String> settings, long since) {

    private static final JsonMapper JSON = new JsonMapper();

    public Submission {
        settings = List.copyOf(settings);
    }

    /** Goes on from whatever checkpoint there is. */
    public Submission(String jar, int parallelism, List<String> settings) {
        this(jar, parallelism, settings, 0);
    }

    static Optional<Submission> read(Path file) throws IOException {
        return Files.exists(file) ? Optional.of(JSON.readValue(file.toFile(), Submission.class)) : Optional.empty();
    }

    void write(Path file) throws IOException {
        JSON.writeValue(file.toFile(), this);
    }
}
