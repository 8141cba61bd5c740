package io.hatflow.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.hatflow.chaos.Script.Ended;
import io.hatflow.cluster.ClusterSettings.Ports;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.util.FileUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code deploy/hatflow cluster} and the commands around it, as the README tells a person to use them. */
@Timeout(600)
class ClusterScriptIT {

    private static final Duration COMMAND_LIMIT = Duration.ofMinutes(4);
    private static final String BUNDLE = "--model.bundle="
            + Script.CHECKOUT.resolve("flink-job/inference/src/test/resources/bundles/tiny-documents");
    private static final Pattern TASK_MANAGER = Pattern.compile("process +(\\d+) +taskmanager-\\d");

    private Path folder = Path.of("");
    private String broker = "";
    private List<String> place = List.of();

    @BeforeEach
    void findPlace() throws IOException {
        folder = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "script-")
                .toAbsolutePath();
        Ports ports = Ports.anyFree();
        broker = "127.0.0.1:" + ports.kafka();
        place = List.of("--kafka-port=" + ports.kafka(), "--web-port=" + ports.web());
    }

    @AfterEach
    void stop() throws Exception {
        cluster("stop");
        FileUtils.deleteDirectory(folder.toFile());
    }

    @Test
    void aPersonStartsItBreaksItAndStartsItAgain() throws Exception {
        assertThat(start())
                .satisfies(ended -> assertThat(ended.said()).contains("Ready."))
                .extracting(Ended::code)
                .isEqualTo(0);

        assertRefused(start(), "runs in " + folder + " already; stop it first");
        assertRefused(cluster("submit", "--parallelism=5", "--", BUNDLE), "--parallelism is 5, expected 1 to 4");
        assertRefused(cluster("submit", "--jar=no.jar", "--", BUNDLE), "--jar is no.jar, which is not a file");
        assertRefused(cluster("submit", "--", "--model.bundel=x"), "model.bundel", "did you mean model.bundle?");
        assertRefused(
                cluster("submit", "--", "--model.bundle=/nowhere"),
                "The job has failed. The model bundle /nowhere cannot be used:",
                "there is no such folder");
        assertRefused(cluster("stop", "--job"), "There is no job to stop");

        assertThat(cluster("submit", "--", BUNDLE, "--checkpoint.interval=1 s", "--kafka.start-from=earliest"))
                .satisfies(ended -> assertThat(ended.said()).contains("submitted", "It runs."))
                .extracting(Ended::code)
                .isEqualTo(0);
        assertRefused(cluster("submit", "--", BUNDLE), "A job runs already");

        Process reader = Script.of("read", "--bootstrap-servers", broker, "--follow")
                .redirectError(folder.resolve("read.log").toFile())
                .start();
        try (BufferedReader events = reader.inputReader(StandardCharsets.UTF_8)) {
            send("first.txt", "second.jsonl");
            assertThat(read(events, 2)).containsExactlyInAnyOrder("first.txt", "second.jsonl");

            Matcher taskManager = TASK_MANAGER.matcher(cluster("status").said());
            assertThat(taskManager.find()).isTrue();
            ProcessHandle killed =
                    ProcessHandle.of(Long.parseLong(taskManager.group(1))).orElseThrow();
            killed.destroyForcibly();
            killed.onExit().get();
            send("third.txt");
            assertThat(read(events, 1)).containsExactly("third.txt");

            assertThat(cluster("stop").said()).contains("Stopped; data stays in " + folder);
            assertRefused(cluster("status"), "No cluster runs in " + folder);
            assertThat(start().code()).isEqualTo(0);
            send("fourth.txt");
            assertThat(read(events, 1)).containsExactly("fourth.txt");
        } finally {
            reader.destroyForcibly();
        }
        assertThat(cluster("stop", "--job").said()).contains("Job stopped with ");
        assertThat(run(Script.of("read", "--bootstrap-servers", broker)).said().lines())
                .hasSize(4);
    }

    private Ended start() throws IOException, InterruptedException {
        return cluster("start", place.toArray(String[]::new));
    }

    private Ended cluster(String verb, String... more) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(verb, "--home=" + folder));
        words.addAll(Arrays.asList(more));
        return run(Script.of("cluster", words.toArray(String[]::new)));
    }

    private void send(String... names) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("--bootstrap-servers", broker));
        for (String name : names) {
            String text = name.endsWith(".jsonl")
                    ? "{\"id\": \"" + name + "\", \"segments\": [\"This is the first.\", \"This the second.\"]}\n"
                    : "This is the text of " + name + ".";
            words.add(Files.writeString(folder.resolve(name), text).toString());
        }
        Ended ended = run(Script.of("send", words.toArray(String[]::new)));
        assertThat(ended.code()).as(ended.said()).isEqualTo(0);
    }

    /** Ids of the documents of the next events. */
    private static List<String> read(BufferedReader events, int count) throws IOException {
        JsonMapper json = new JsonMapper();
        List<String> ids = new ArrayList<>();
        while (ids.size() < count) {
            String line = events.readLine();
            assertThat(line).as("event %s", ids.size() + 1).isNotNull();
            ids.add(json.readTree(line).path("document_id").asText());
        }
        return ids;
    }

    private static Ended run(ProcessBuilder script) throws IOException, InterruptedException {
        return Script.run(script, COMMAND_LIMIT);
    }

    private static void assertRefused(Ended ended, String... sentences) {
        assertThat(ended.said()).contains(sentences).doesNotContain("\tat ");
        assertThat(ended.code()).isEqualTo(1);
    }
}
