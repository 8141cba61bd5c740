package io.hatflow.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a JobManager that has died is told again. */
class SubmissionTest {

    @Test
    void isReadAsItWasWritten(@TempDir Path home) throws IOException {
        Path file = home.resolve("job.json");
        Submission submission = new Submission("job.jar", 2, List.of("--model.bundle=/m"), 1795357731698L);
        submission.write(file);
        assertThat(Submission.read(file)).contains(submission);
    }

    @Test
    void ofAnEarlierReleaseGoesOnFromWhateverCheckpointThereIs(@TempDir Path home) throws IOException {
        Path file = Files.writeString(
                home.resolve("job.json"), "{\"jar\": \"job.jar\", \"parallelism\": 2, \"settings\": [\"--a=b\"]}");
        assertThat(Submission.read(file)).contains(new Submission("job.jar", 2, List.of("--a=b")));
    }
}
