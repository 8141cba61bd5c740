package io.hatflow.cli;

import static org.apache.kafka.common.IsolationLevel.READ_COMMITTED;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.job.JobRun;
import io.hatflow.job.Sent;
import io.hatflow.job.SharedBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The job in a JVM of its own, started and logging as {@code deploy/hatflow run} does it, and what is seen on its terminal. */
@ExtendWith(SharedBroker.class)
@Timeout(300)
class LocalRunIT {

    private final List<Process> started = new ArrayList<>();

    private static final String SENTENCE = "The parties agree to pay within thirty days of notice. ";

    @AfterEach
    void end() throws InterruptedException {
        for (Process each : started) {
            each.destroyForcibly().waitFor();
        }
    }

    private Process run(JobRun run, Path home, String... settings) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                // What is killed cannot remove what it has written there.
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                "-Duser.home=" + home,
                "-Dhatflow.log.level=INFO",
                "-Dlog4j2.configurationFile=../../deploy/conf/log4j2.properties"));
        for (String each : List.of("lang", "net", "nio", "time", "util", "util.concurrent")) {
            command.add("--add-opens=java.base/java." + each + "=ALL-UNNAMED");
        }
        command.addAll(List.of(Commands.class.getName(), "run"));
        command.addAll(run.flags(settings));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(terminal(home).toFile()));
        // As an argument, it would be longer than ONNX Runtime endures.
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        Process process = builder.start();
        started.add(process);
        return process;
    }

    private static Path terminal(Path home) {
        return home.resolve("terminal");
    }

    private static List<String> said(Path home) throws IOException {
        return Files.readAllLines(terminal(home));
    }

    /** All in one partition, so that one task holds them. */
    private static List<Sent> documents(int from, int count, int characters) {
        String text = SENTENCE.repeat(characters / SENTENCE.length());
        return IntStream.range(from, from + count)
                .mapToObj(i -> new Sent(0, null, Sent.encoded("d" + i, text)))
                .toList();
    }

    @Test
    void moreInFlightThanFlinkKeepsInMemoryIsAnswered(LocalBroker broker, @TempDir Path home) throws Exception {
        JobRun run = new JobRun(broker, "local-large");
        run.send(documents(0, 1, 3_000_000));
        run.send(documents(1, 9, 300_000));

        run(run, home, "--checkpoint.interval=1 s");

        run.await(READ_COMMITTED, answers -> answers.size() >= run.sent().size());
        run.assertExactlyOneAnswerForEveryRecord();
        assertThat(said(home))
                .noneMatch(line -> line.contains("The job failed") || line.contains("A checkpoint failed"));
    }

    @Test
    void theNextRunGoesOnFromTheLastCheckpoint(LocalBroker broker, @TempDir Path home) throws Exception {
        JobRun run = new JobRun(broker, "local-resumed");
        run.send(documents(0, 60, 20_000));
        Process first = run(run, home, "--checkpoint.interval=200 ms");
        // Offsets of what is in flight are committed, and it is in the checkpoint alone.
        run.await(READ_COMMITTED, answers -> !answers.isEmpty());
        first.destroyForcibly().waitFor();
        run.send(documents(60, 10, 1000));

        run(run, home, "--checkpoint.interval=200 ms");

        run.await(READ_COMMITTED, answers -> answers.size() >= run.sent().size());
        run.assertExactlyOneAnswerForEveryRecord();
        assertThat(said(home)).anyMatch(line -> line.contains("Continuing from"));
        // One job's, with its one checkpoint.
        Awaitility.await().atMost(JobRun.LIMIT).untilAsserted(() -> assertThat(checkpoints(home))
                .hasSizeBetween(1, 2));
    }

    private static List<Path> checkpoints(Path home) throws IOException {
        try (Stream<Path> files = Files.walk(home.resolve(".hatflow"))) {
            return files.filter(file -> file.endsWith("_metadata")).toList();
        }
    }

    @Test
    void twoRunsOfOneGroupDoNotShareAFolder(LocalBroker broker, @TempDir Path home) throws Exception {
        JobRun run = new JobRun(broker, "local-twice");
        run(run, home);
        Awaitility.await()
                .atMost(JobRun.LIMIT)
                .until(() -> said(home).toString().contains("Checkpoints are kept in"));

        Process second = run(run, home);

        assertThat(second.waitFor(JobRun.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(1);
        assertThat(said(home)).anyMatch(line -> line.startsWith("Another run of this job is under way: it uses "));
    }

    @Test
    void aTopicOfOtherRecordsEndsTheJobWithASentence(LocalBroker broker, @TempDir Path home) throws Exception {
        JobRun run = new JobRun(broker, "local-foreign");
        run.send(IntStream.range(0, 200)
                .mapToObj(i -> new Sent(0, null, JobRun.utf8("{\"order\": " + i + "}")))
                .toList());

        Process process = run(run, home, "--dead-letters.window=100");

        assertThat(process.waitFor(JobRun.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(1);
        assertThat(said(home))
                .noneMatch(line -> line.startsWith("\tat "))
                .anyMatch(
                        line -> line.startsWith(
                                "The job has ended. 100 of the last 100 records became dead letters, the last one for NOT_AVRO;"));
    }

    @Test
    void aJobThatStartsAgainSaysWhy(LocalBroker broker, @TempDir Path home) throws Exception {
        JobRun run = new JobRun(broker, "local-failing");
        run.send(documents(0, 12, 900_000));

        // Its folder is there, but checkpoints lie in memory all the same.
        run(run, home, "--checkpoint.interval=500 ms", "--flink.execution.checkpointing.storage=jobmanager");

        Awaitility.await().atMost(JobRun.LIMIT).untilAsserted(() -> assertThat(said(home))
                .anyMatch(line -> line.contains("WARN  A checkpoint failed;")
                        && line.contains("Size of the state is larger than the maximum permitted"))
                .anyMatch(line -> line.contains("WARN  The job failed; unless it ends now, it continues")
                        && line.contains("Exceeded checkpoint tolerable failure threshold")));
    }
}
