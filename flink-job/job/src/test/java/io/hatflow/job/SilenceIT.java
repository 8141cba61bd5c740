package io.hatflow.job;

import static org.apache.kafka.common.acl.AclOperation.READ;
import static org.apache.kafka.common.acl.AclOperation.WRITE;
import static org.apache.kafka.common.resource.ResourceType.GROUP;
import static org.apache.kafka.common.resource.ResourceType.TOPIC;
import static org.apache.kafka.common.resource.ResourceType.TRANSACTIONAL_ID;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import io.hatflow.job.JobRun.Answer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.ExceptionUtils;
import org.apache.kafka.common.IsolationLevel;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/**
 * Neither secrets nor anything of a document gets into logs, however much these say, into what Flink's web page asks for, or into the
 * messages of failures.
 */
@Timeout(300)
class SilenceIT {

    /** Also what tokens, JSON escapes and numbers of bytes would still show. */
    private static final String IN_DOCUMENTS = "Zyxwvutmarker";

    private static final String FAILS_THE_MODEL = "Failsthemodel";

    private static final String PASSWORD = "hush-Xq7-password";

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(1)
            .build());

    private static SecuredBroker kafka;

    @BeforeAll
    static void start() throws Exception {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "silence-");
        kafka = SecuredBroker.start(folder.toAbsolutePath());
        kafka.addUser("alice", PASSWORD);
        kafka.allow("alice", TOPIC, "silence", READ, WRITE);
        kafka.allow("alice", GROUP, "silence", READ);
        kafka.allow("alice", TRANSACTIONAL_ID, "silence", WRITE);
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        FaultyStage.disarm();
        JobRun.cancelAll(flink);
    }

    private static JobSettings settings(JobRun run, Map<String, String> client, String... more) {
        return run.settings(Stream.concat(
                        Arrays.stream(more),
                        client.entrySet().stream()
                                .map(each -> "--kafka.properties." + each.getKey() + "=" + each.getValue()))
                .toArray(String[]::new));
    }

    /** Good ones, and what is refused at each stage. */
    private static List<Sent> documents() {
        byte[] whole = Sent.encoded("whole", text("whole"));
        byte[] unknownSchema = whole.clone();
        unknownSchema[5] ^= 0x55;
        byte[] notUtf8 = whole.clone();
        notUtf8[notUtf8.length - 8] = (byte) 0x80;
        return Stream.of(
                        Sent.encoded("d1", text("good")),
                        Sent.encoded("d2", text("good as well")),
                        Sent.encoded("d3", text("beyond the model's length").repeat(40)),
                        Sent.encoded("fails", text(FAILS_THE_MODEL)),
                        Sent.encoded("too-long", text("too long").repeat(500)),
                        Sent.encoded(" ", text("without an id")),
                        JobRun.utf8("{\"id\": \"json\", \"text\": \"" + text("no Avro") + "\"}"),
                        unknownSchema,
                        Arrays.copyOf(whole, whole.length - 5),
                        notUtf8)
                .map(value -> new Sent(0, "key", value))
                .toList();
    }

    private static String text(String kind) {
        return "A " + IN_DOCUMENTS + " that is " + kind + ". ";
    }

    /**
     * A bundle whose tokenizer has a token that its model has not, so that the model fails at every document that holds it.
     *
     * @param folder empty
     */
    private static Path bundleThatFails(Path folder) throws Exception {
        JsonMapper json = new JsonMapper();
        for (String file : List.of("manifest.json", "model.onnx", "tokenizer.json", "golden.jsonl", "README.md")) {
            Files.copy(JobRun.BUNDLE.resolve(file), folder.resolve(file));
        }
        Path tokenizer = folder.resolve("tokenizer.json");
        ObjectNode tokens = (ObjectNode) json.readTree(tokenizer.toFile());
        int vocabulary = tokens.at("/model/vocab").size();
        // Its embeddings have some rows to spare.
        for (int i = 0; i <= 2000; i++) {
            tokens.withArray("added_tokens")
                    .addObject()
                    .put("id", vocabulary + i)
                    .put("content", i == 2000 ? FAILS_THE_MODEL : "[filler" + i + "]")
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", false);
        }
        byte[] bytes = json.writeValueAsBytes(tokens);
        Files.write(tokenizer, bytes);
        Path manifest = folder.resolve("manifest.json");
        ObjectNode promises = (ObjectNode) json.readTree(manifest.toFile());
        ((ObjectNode) promises.at("/files/tokenizer.json"))
                .put("bytes", bytes.length)
                .put(
                        "sha256",
                        HexFormat.of()
                                .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
        json.writeValue(manifest.toFile(), promises);
        return folder;
    }

    /** Kafka's properties with secrets as references, and with secrets as they are. */
    static Stream<Arguments> waysToGiveSecrets() throws Exception {
        Map<String, String> references = kafka.client("alice", PASSWORD);
        Map<String, String> open = new HashMap<>(references);
        open.replaceAll((key, text) -> text.replaceAll("\\$\\{file:[^}]*}", PASSWORD)
                .replaceAll("\\$\\{dir:[^}]*}", SecuredBroker.KEY_STORE_PASSWORD));
        return Stream.of(Arguments.of("silence-of-references", references), Arguments.of("silence-of-flags", open));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("waysToGiveSecrets")
    void neitherSecretsNorDocumentsAreToldByAJobThatRuns(
            String name, Map<String, String> client, @InjectMiniCluster MiniCluster flink, @TempDir Path bundle)
            throws Exception {
        JobRun run = new JobRun(kafka.broker, kafka.servers(), name);
        run.send(documents());
        List<String> responses;
        List<String> logs;
        try (EveryLog log = EveryLog.of(Path.of("target", name + ".log"))) {
            LoggerFactory.getLogger("control").trace("This line shows that lines are seen");
            JobSettings settings = settings(
                    run,
                    client,
                    "--checkpoint.interval=300 ms",
                    "--model.max-characters=4000",
                    "--model.long-documents=reject",
                    "--model.bundle=" + bundleThatFails(bundle));
            JobClient job = run.start(settings, 1);
            run.await(
                    IsolationLevel.READ_COMMITTED,
                    answers -> answers.size() >= run.sent().size());
            responses = responses(flink, job);
            JobRun.cancelAll(flink);
            logs = log.lines();
            assertThat(settings.toString()).doesNotContain(PASSWORD, SecuredBroker.KEY_STORE_PASSWORD);
        }

        run.assertExactlyOneAnswerForEveryRecord();
        List<LabelledDocument> labelled = run.committed().stream()
                .map(Answer::labelled)
                .filter(each -> each != null)
                .toList();
        assertThat(labelled).hasSize(2);
        assertThat(run.committed().stream()
                        .filter(each -> each.deadLetter() != null)
                        .map(each -> each.dead().getReason()))
                .contains(Reason.INFERENCE_FAILED, Reason.TOO_MANY_SEGMENTS);
        assertSilent(
                "the reasons of dead letters",
                run.committed().stream()
                        .filter(each -> each.deadLetter() != null)
                        .map(each -> each.dead().getMessage())
                        .toList());
        assertThat(logs).anyMatch(line -> line.contains("TRACE control This line"));
        assertThat(logs).as("a line of Kafka's at TRACE").anyMatch(line -> line.contains("TRACE org.apache.kafka"));
        assertThat(logs).as("a line of Flink's at DEBUG").anyMatch(line -> line.contains("DEBUG org.apache.flink"));
        assertSilent("the logs", logs);
        assertThat(responses).hasSizeGreaterThan(20);
        assertSilent("the answers of Flink's REST interface", responses);
    }

    @Test
    void neitherSecretsNorDocumentsAreToldByAJobThatFails(@InjectMiniCluster MiniCluster flink) throws Exception {
        JobRun run = new JobRun(kafka.broker, kafka.servers(), "silence-of-a-failure");
        run.send(documents());
        run.send(List.of(new Sent(0, "key", Sent.encoded("long", text("long").repeat(10_000)))));
        FaultyStage.arm(FaultyStage.Kind.FAIL_AT_RECORD);
        Throwable failure;
        List<String> responses;
        List<String> logs;
        try (EveryLog log = EveryLog.of(Path.of("target", "silence-of-a-failure.log"))) {
            // Fails at a record, then because a run of the model takes too long, with all of them in flight.
            JobClient job = run.start(
                    settings(
                            run,
                            kafka.client("alice", PASSWORD),
                            "--checkpoint.interval=300 ms",
                            "--model.run-timeout=1 ms",
                            "--model.batch-segments=4096",
                            "--model.max-characters=1000000",
                            "--flink.restart-strategy.fixed-delay.attempts=2"),
                    1,
                    null,
                    FaultyStage::after);
            failure = catchThrowable(() -> JobRun.awaitEnd(job));
            responses = responses(flink, job);
            logs = log.lines();
        }

        assertThat(failure).isNotNull();
        assertThat(responses).anyMatch(each -> each.contains("The model hangs"));
        assertSilent("the failure", List.of(ExceptionUtils.stringifyException(failure)));
        assertSilent("the logs", logs);
        assertSilent("the answers of Flink's REST interface", responses);
    }

    private static void assertSilent(String what, List<String> lines) {
        assertThat(lines)
                .as(what)
                .filteredOn(line -> Stream.of(
                                IN_DOCUMENTS,
                                IN_DOCUMENTS.toLowerCase(Locale.ROOT),
                                PASSWORD,
                                SecuredBroker.KEY_STORE_PASSWORD,
                                Arrays.toString(JobRun.utf8(IN_DOCUMENTS)).replaceAll("[\\[\\]]", ""))
                        .anyMatch(line::contains))
                .isEmpty();
    }

    /** What Flink's web page asks for. */
    private static List<String> responses(MiniCluster flink, JobClient job) throws Exception {
        String jobPath = "/jobs/" + job.getJobID();
        List<String> paths = new ArrayList<>(List.of(
                "/config",
                "/overview",
                "/cluster",
                "/dataset",
                "/datasets",
                "/jars",
                "/jobmanager/config",
                "/jobmanager/environment",
                "/jobmanager/metrics",
                "/jobmanager/thread-dump",
                "/jobs",
                "/jobs/overview",
                "/taskmanagers",
                "/jobs/metrics"));
        for (String part : List.of(
                "",
                "/config",
                "/plan",
                "/exceptions",
                "/checkpoints",
                "/checkpoints/config",
                "/accumulators",
                "/accumulators?includeSerializedValue=true",
                "/execution-result",
                "/jobmanager/config",
                "/jobmanager/environment",
                "/jobmanager/log-url",
                "/metrics",
                "/resource-requirements",
                "/status")) {
            paths.add(jobPath + part);
        }
        HttpClient http = HttpClient.newHttpClient();
        URI root = flink.getRestAddress().get();
        List<String> responses = new ArrayList<>();
        for (int i = 0; i < paths.size(); i++) {
            String body = http.send(
                            HttpRequest.newBuilder(root.resolve(paths.get(i))).build(), BodyHandlers.ofString())
                    .body();
            responses.add(paths.get(i) + " " + body);
            if (paths.get(i).equals("/taskmanagers")) {
                Matcher taskManager = Pattern.compile("\"id\":\"([^\"]+)\"").matcher(body);
                assertThat(taskManager.find()).isTrue();
                for (String part : List.of("", "/metrics", "/logs", "/thread-dump")) {
                    paths.add("/taskmanagers/" + taskManager.group(1) + part);
                }
            }
            if (paths.get(i).equals(jobPath)) {
                Matcher vertices = Pattern.compile("\"id\":\"([0-9a-f]{32})\"").matcher(body);
                while (vertices.find()) {
                    for (String part : List.of(
                            "",
                            "/accumulators",
                            "/subtasks/accumulators",
                            "/taskmanagers",
                            "/watermarks",
                            "/backpressure",
                            "/subtasktimes",
                            "/subtasks/0",
                            "/subtasks/metrics",
                            "/metrics")) {
                        paths.add(jobPath + "/vertices/" + vertices.group(1) + part);
                    }
                }
            }
        }
        return responses;
    }
}
