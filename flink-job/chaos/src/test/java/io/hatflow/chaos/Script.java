package io.hatflow.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The commands of {@code deploy/hatflow}, as a person runs them. */
final class Script {

    static final Path CHECKOUT = Path.of("../..").toAbsolutePath().normalize();

    private Script() {}

    /** How a command ended, and all that it said. */
    record Ended(int code, String said) {

        String lastLine() {
            return said.lines().reduce("", (before, line) -> line);
        }
    }

    static ProcessBuilder of(String command, String... words) throws IOException {
        // This build has just made what the scripts run: they must not think that it is older than its sources.
        for (String made : List.of(
                "cluster/target/cluster.classpath", "cli/target/cli.classpath", "chaos/target/chaos.classpath")) {
            Files.setLastModifiedTime(CHECKOUT.resolve("flink-job").resolve(made), FileTime.from(Instant.now()));
        }
        List<String> line = new ArrayList<>(
                List.of("bash", CHECKOUT.resolve("deploy/hatflow").toString(), command));
        line.addAll(Arrays.asList(words));
        return new ProcessBuilder(line);
    }

    /** @param limit after which the script is killed, and the test with it */
    static Ended run(ProcessBuilder script, Duration limit) throws IOException, InterruptedException {
        // A file, as the script may leave processes behind that would keep a pipe open.
        Path said = Files.createTempFile(Files.createDirectories(Path.of("target")), "said-", ".txt");
        Process process =
                script.redirectErrorStream(true).redirectOutput(said.toFile()).start();
        if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            throw new AssertionError(script.command() + " does not end; it said: " + Files.readString(said));
        }
        Ended ended = new Ended(process.exitValue(), Files.readString(said));
        Files.delete(said);
        return ended;
    }
}
