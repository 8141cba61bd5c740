package io.hatflow.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetainedStateTest {

    private final Path home;

    RetainedStateTest(@TempDir Path home) {
        this.home = home;
    }

    private Path state(String folder, boolean complete, long millis) throws IOException {
        Path state = Files.createDirectories(home.resolve(folder));
        Files.writeString(state.resolve("part"), "");
        if (complete) {
            Path metadata = Files.writeString(state.resolve("_metadata"), "");
            Files.setLastModifiedTime(metadata, FileTime.fromMillis(millis));
        }
        return state;
    }

    @Test
    void theNewestThatIsCompleteCountsWhateverItsKindAndItsJob() throws IOException {
        state("checkpoints/job-1/chk-12", true, 1_000);
        state("checkpoints/job-2/chk-3", true, 2_000);
        Path newest = state("savepoints/savepoint-a", true, 3_000);
        state("checkpoints/job-2/chk-4", false, 0);

        assertThat(RetainedState.newest(0, home.resolve("checkpoints"), home.resolve("savepoints")))
                .contains(newest);
    }

    @Test
    void whatIsOlderThanAJobThatBeganAnewIsAnotherJobs() throws IOException {
        state("checkpoints/job-1/chk-12", true, 1_000);
        assertThat(RetainedState.newest(1_001, home.resolve("checkpoints"))).isEmpty();

        Path own = state("checkpoints/job-2/chk-1", true, 1_001);
        assertThat(RetainedState.newest(1_001, home.resolve("checkpoints"))).contains(own);
    }

    @Test
    void whereThereIsNoneTheJobBeginsAnew() {
        assertThat(RetainedState.newest(0, home.resolve("nowhere"))).isEmpty();
    }
}
