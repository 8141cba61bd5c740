package io.hatflow.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.chaos.SoakRun.Restart;
import io.hatflow.chaos.SoakRun.Result;
import io.hatflow.chaos.TestBed.Setup;
import io.hatflow.cluster.Installation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.util.FileUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The shortest form of {@code deploy/hatflow soak}; the long one is for people, see docs/reliability.md. */
@Timeout(600)
class SoakIT {

    @Test
    void everythingIsWatchedWhileTheJobRestartsInTheSameProcesses() throws Exception {
        Path home = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "soak-")
                .toAbsolutePath();
        List<Result> kept = new ArrayList<>();
        Result result = new SoakRun(
                        new Setup(
                                Installation.in(Script.CHECKOUT),
                                home,
                                Script.CHECKOUT.resolve(
                                        "flink-job/inference/src/test/resources/bundles/tiny-documents"),
                                7,
                                true,
                                Format.HATFLOW,
                                true),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(25),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(8),
                        Duration.ZERO,
                        kept::add,
                        System.out::println)
                .run();

        assertThat(result.verdict()).isNotNull();
        assertThat(result.verdict().examples()).isEmpty();
        assertThat(result.verdict().holds(true)).as(result.verdict().toString()).isTrue();
        assertThat(result.orderly()).isTrue();
        assertThat(result.restarts())
                .extracting(Restart::kind)
                .startsWith(FaultKind.RUNTIME_OUT_OF_MEMORY, FaultKind.UPGRADED, FaultKind.CANCELLED);
        assertThat(result.answered()).isPositive();
        assertThat(kept).hasSize(result.samples().size()).allMatch(known -> !known.holds());
        assertThat(result.samples()).allSatisfy(sample -> {
            for (String process : List.of("broker", "jobmanager", "taskmanager-1", "taskmanager-2")) {
                assertThat(sample.values()).containsEntry(process + ": starts", 1.0);
                for (String what :
                        List.of("resident MiB", "heap MiB", "metaspace MiB", "threads", "file descriptors")) {
                    assertThat(sample.values().get(process + ": " + what)).isPositive();
                }
            }
            assertThat(sample.values().get("broker: transactional ids")).isPositive();
        });
        assertThat(result.trends())
                .containsOnlyKeys(result.samples().get(0).values().keySet());
        FileUtils.deleteDirectory(home.toFile());
    }
}
