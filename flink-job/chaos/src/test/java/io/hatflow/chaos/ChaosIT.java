package io.hatflow.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.chaos.TestBed.Setup;
import io.hatflow.cluster.Installation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import org.apache.flink.util.FileUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The shortest form of {@code deploy/chaos.sh}; the long ones are for people, see docs/reliability.md. */
@Timeout(900)
class ChaosIT {

    private static final Path CHECKOUT = Path.of("../..").toAbsolutePath().normalize();

    @Test
    void nothingIsLostDoubledOrWrongWhileProcessesDie() throws Exception {
        Path home = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "chaos-")
                .toAbsolutePath();
        EnumSet<FaultKind> kinds = EnumSet.allOf(FaultKind.class);
        kinds.remove(FaultKind.KILLER_DOCUMENT);
        ChaosRun.Result result = new ChaosRun(
                        new Setup(
                                Installation.in(CHECKOUT),
                                home,
                                CHECKOUT.resolve("flink-job/inference/src/test/resources/bundles/tiny-documents"),
                                20261122,
                                true),
                        Duration.ofSeconds(60),
                        List.copyOf(kinds),
                        System.out::println)
                .run();
        System.out.println(result);

        assertThat(result.verdict().examples()).isEmpty();
        assertThat(result.verdict().holds(true)).as(result.toString()).isTrue();
        assertThat(result.recovered()).isTrue();
        assertThat(result.faults()).isPositive();
        FileUtils.deleteDirectory(home.toFile());
    }
}
