package io.hatflow.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class KeptProcessTest {

    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();
    private final KeptProcess process;

    KeptProcessTest(@TempDir Path folder) {
        ProcessBuilder ends = new ProcessBuilder("sh", "-c", "echo no such option; exit 3");
        this.process = new KeptProcess("worker", ends, folder.resolve("worker.log"), said::add, () -> {});
    }

    @Test
    void whatNeverComesUpIsGivenUpWithTheEndOfItsLog() throws InterruptedException {
        process.start();

        assertThat(said.take()).isEqualTo("worker ended with exit code 3; starting it again");
        assertThat(said.take()).isEqualTo("worker ended with exit code 3; starting it again");
        assertThat(said.take())
                .startsWith("worker ended 3 times right after its start, the last time with exit code 3");
        assertThatThrownBy(process::check).isInstanceOf(ClusterException.class).hasMessageContaining("no such option");
        assertThat(process.starts()).isEqualTo(3);
    }

    /** Such as one that reads a document that crashes it, until that is in quarantine. */
    @Test
    void whatOnceCameUpIsStartedAgainHoweverOftenItEnds() throws InterruptedException {
        process.cameUp();
        process.start();

        for (int i = 0; i < 5; i++) {
            assertThat(said.take()).isEqualTo("worker ended with exit code 3; starting it again");
        }
        process.check();
        process.close();
    }
}
