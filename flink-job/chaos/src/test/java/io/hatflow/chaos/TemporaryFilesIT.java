package io.hatflow.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a command leaves in the folder of temporary files, however it ends: nothing. */
@Timeout(300)
class TemporaryFilesIT {

    private static final Path BUNDLE =
            Script.CHECKOUT.resolve("flink-job/inference/src/test/resources/bundles/tiny-documents");
    private static final Duration LIMIT = Duration.ofMinutes(2);

    @TempDir
    private Path temporary = Path.of("");

    @TempDir
    private Path files = Path.of("");

    private ProcessBuilder score(int documents, int sentences) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < documents; i++) {
            lines.append("{\"id\": \"")
                    .append(i)
                    .append("\", \"text\": \"")
                    .append("They agree to pay. ".repeat(sentences))
                    .append("\"}\n");
        }
        Path input = Files.writeString(files.resolve("documents.jsonl"), lines);
        ProcessBuilder score = Script.of(
                "score", "--bundle", BUNDLE.toString(), "--input", input.toString(), "--output", events().toString());
        // As on a terminal: what runs in the background is born deaf to Ctrl-C, and hands that down.
        score.command().addAll(0, List.of("env", "--default-signal=INT"));
        score.environment().put("TMPDIR", temporary.toString());
        return score;
    }

    private Path events() {
        return files.resolve("events.jsonl");
    }

    /** The script itself looks once a second whether the JVM was killed. */
    private void awaitNothingLeft() {
        Awaitility.await().atMost(LIMIT).untilAsserted(() -> {
            try (Stream<Path> left = Files.list(temporary)) {
                assertThat(left).isEmpty();
            }
        });
    }

    @Test
    void aCommandThatEndsByItselfLeavesNothing() throws Exception {
        Script.Ended ended = Script.run(score(3, 1), LIMIT);

        assertThat(ended.code()).as(ended.said()).isZero();
        awaitNothingLeft();
    }

    @Test
    void aCommandThatIsRefusedSaysWhyAndLeavesNothing() throws Exception {
        ProcessBuilder demo =
                Script.of("demo", "--bundle", files.resolve("none").toString());
        demo.environment().put("TMPDIR", temporary.toString());

        Script.Ended ended = Script.run(demo, LIMIT);

        assertThat(ended.said().lines())
                .containsExactly("There is no model bundle at " + files.resolve("none")
                        + "; name the folder of one with --bundle.");
        assertThat(ended.code()).isEqualTo(1);
        awaitNothingLeft();
    }

    /** As Ctrl-C, kill and kill -9 end it; the exit code is 128 + the signal's number. */
    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "KILL, 137"})
    void aCommandThatIsEndedInMidRunLeavesWhatItHasDoneAndNothingElse(String signal, int code) throws Exception {
        Process process = score(400, 4_000)
                .redirectErrorStream(true)
                .redirectOutput(files.resolve("said").toFile())
                .start();
        Path part = events().resolveSibling("events.jsonl.part");
        Awaitility.await().atMost(LIMIT).until(() -> Files.exists(part) && Files.size(part) > 0);
        try (Stream<Path> made = Files.list(temporary)) {
            assertThat(made).as("the folder of the command's own").hasSize(1);
        }

        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();

        assertThat(process.waitFor())
                .as(Files.readString(files.resolve("said")))
                .isEqualTo(code);
        awaitNothingLeft();
        assertThat(part).isNotEmptyFile();
        assertThat(events()).doesNotExist();
    }
}
