package io.hatflow.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.hatflow.chaos.Script.Ended;
import io.hatflow.cluster.ClusterSettings.Ports;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.util.FileUtils;
import org.awaitility.Awaitility;
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
    private static final Pattern TASK_MANAGER = Pattern.compile("process +(\\d+) +(taskmanager-\\d)");

    private static final String SECRET = "hush-Xq7-password";
    private static final String TEXT = "This is the Zyxwvutmarker of ";

    private Path folder = Path.of("");
    private String broker = "";
    private String web = "";
    private List<String> place = List.of();

    @BeforeEach
    void findPlace() throws IOException {
        folder = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "script-")
                .toAbsolutePath();
        Ports ports = Ports.anyFree();
        broker = "127.0.0.1:" + ports.kafka();
        web = "http://127.0.0.1:" + ports.web();
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

        assertThat(cluster(
                        "submit",
                        "--",
                        BUNDLE,
                        "--checkpoint.interval=1 s",
                        "--kafka.start-from=earliest",
                        "--kafka.properties.ssl.key.password=" + SECRET))
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
            // One TaskManager answers alone if it had slots enough; the diagnosis is to be of both.
            Awaitility.await().atMost(COMMAND_LIMIT).untilAsserted(() -> assertThat(taskManagers())
                    .hasSize(2)
                    .doesNotContain(taskManager.group(2) + "-1"));
            assertDiagnosisHoldsNeitherSecretsNorDocuments();

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

    /** Ids of those that have registered: a name and how often its process was started. */
    private List<String> taskManagers() throws IOException {
        try (InputStream answer = URI.create(web + "/taskmanagers").toURL().openStream()) {
            return new JsonMapper().readTree(answer).findValuesAsText("id");
        }
    }

    /** What {@code deploy/diagnose.sh} collects while the job runs. */
    private void assertDiagnosisHoldsNeitherSecretsNorDocuments() throws Exception {
        Path settings = Files.writeString(
                folder.resolve("job.yaml"), "kafka:\n  group-id: mine\n  properties:\n    ssl.key.password: " + SECRET);
        Path archive = folder.resolve("diagnosis.tar.gz");
        Ended ended = run(new ProcessBuilder(
                "bash",
                Script.CHECKOUT.resolve("deploy/diagnose.sh").toString(),
                "--flink=" + web,
                "--config=" + settings,
                "--log=" + folder.resolve("cluster.log"),
                BUNDLE.replace("--model.bundle", "--bundle"),
                "--output=" + archive));
        assertThat(ended.code()).as(ended.said()).isEqualTo(0);
        Path unpacked = Files.createDirectories(folder.resolve("diagnosis"));
        assertThat(run(new ProcessBuilder("tar", "-xzf", archive.toString(), "-C", unpacked.toString()))
                        .code())
                .isEqualTo(0);
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> found = Files.walk(unpacked)) {
            for (Path file : found.filter(Files::isRegularFile).toList()) {
                // Without the folder of the archive, whose name is the time.
                Path inArchive = unpacked.relativize(file);
                files.put(inArchive.subpath(1, inArchive.getNameCount()).toString(), Files.readString(file));
            }
        }
        assertThat(files)
                .containsKeys(
                        "versions.json",
                        "jobmanager/config.json",
                        "jobmanager/thread-dump.json",
                        "taskmanager-0/metrics.json",
                        "taskmanager-1/thread-dump.json",
                        "logs/cluster.log",
                        "manifest.json");
        assertThat(files.getOrDefault("settings/job.yaml", "")).contains("group-id: mine", "ssl.key.password: ******");
        assertThat(files.keySet())
                .anyMatch(name -> name.matches("job-[0-9a-f]{32}/exceptions\\.json"))
                .anyMatch(name -> name.matches("job-[0-9a-f]{32}/checkpoints\\.json"))
                .anyMatch(name -> name.matches("job-[0-9a-f]{32}/vertex-0-backpressure\\.json"));
        // Processes of this cluster write their logs where Flink does not look for them.
        assertThat(files.getOrDefault("not-collected.txt", "").lines())
                .hasSize(3)
                .allSatisfy(line -> assertThat(line).contains("/log.txt: "));
        assertThat(files).allSatisfy((name, content) -> assertThat(content)
                .as(name)
                .doesNotContain(SECRET, TEXT.strip(), "Zyxwvutmarker", "zyxwvutmarker"));
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
                    ? "{\"id\": \"" + name + "\", \"segments\": [\"" + TEXT + "a segment.\", \"This the second.\"]}\n"
                    : TEXT + name + ".";
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
