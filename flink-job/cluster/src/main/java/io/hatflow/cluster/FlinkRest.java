package io.hatflow.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** Flink's REST interface, as far as a person would use it. Thread-safe. */
public final class FlinkRest {

    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);
    private static final Duration POLL = Duration.ofMillis(200);

    /** How messages of the job begin that say all that a person needs: {@code docs/troubleshooting.md}. */
    private static final List<String> OWN_WORDS =
            List.of("The settings have", "The job cannot run", "The writers' schemas have");

    /** Of an exception in a stack trace. */
    private static final Pattern HEADING = Pattern.compile(
            "(?:^|\\nCaused by: )(?<type>[\\w.$]+)(?:: (?<message>.*?))?(?=\\n\\tat |\\nCaused by: |\\z)",
            Pattern.DOTALL);

    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final String address;

    FlinkRest(int port) {
        this.address = "http://127.0.0.1:" + port;
    }

    public String address() {
        return address;
    }

    /** What runs where. */
    public record Overview(int taskManagers, int slots, int freeSlots) {}

    /** A job and its state, such as RUNNING. */
    public record Job(String id, String name, String state) {

        /** Whether it has ended for good. */
        public boolean isOver() {
            return List.of("FAILED", "CANCELED", "FINISHED").contains(state);
        }
    }

    /** Empty while the JobManager does not answer. */
    public Optional<Overview> overview() throws InterruptedException {
        try {
            JsonNode json = get("/overview");
            return Optional.of(new Overview(
                    json.path("taskmanagers").asInt(),
                    json.path("slots-total").asInt(),
                    json.path("slots-available").asInt()));
        } catch (IOException | ClusterException notYet) {
            return Optional.empty();
        }
    }

    /** Ids of the TaskManagers that the JobManager knows; empty while it does not answer. */
    Optional<Set<String>> taskManagers() throws InterruptedException {
        try {
            return Optional.of(
                    Set.copyOf(get("/taskmanagers").path("taskmanagers").findValuesAsText("id")));
        } catch (IOException | ClusterException notYet) {
            return Optional.empty();
        }
    }

    /** Ends a job without a savepoint, and waits until it is over. */
    void cancel(String job) throws IOException, InterruptedException {
        JsonNode unused = answer(request("/jobs/" + job + "?mode=cancel").method("PATCH", BodyPublishers.noBody()));
        while (!get("/jobs/" + job).path("state").asText().equals("CANCELED")) {
            Thread.sleep(POLL.toMillis());
        }
    }

    /** All jobs that the JobManager knows, newest first. */
    public List<Job> jobs() throws IOException, InterruptedException {
        return JSON.convertValue(get("/jobs/overview").path("jobs"), ArrayNode.class).findParents("jid").stream()
                .sorted((a, b) -> Long.compare(
                        b.path("start-time").asLong(), a.path("start-time").asLong()))
                .map(job -> new Job(
                        job.path("jid").asText(),
                        job.path("name").asText(),
                        job.path("state").asText()))
                .toList();
    }

    /** Whether all tasks of a job run, their models opened. */
    boolean runs(String job) throws IOException, InterruptedException {
        JsonNode json = get("/jobs/" + job);
        return json.path("state").asText().equals("RUNNING")
                && json.path("vertices").findValuesAsText("status").stream()
                        .allMatch(each -> each.equals("RUNNING") || each.equals("FINISHED"));
    }

    /** Why a job failed the last time, in the words of what failed; empty if it never did. */
    Optional<String> failure(String job) throws IOException, InterruptedException {
        String stackTrace = get("/jobs/" + job + "/exceptions")
                .path("exceptionHistory")
                .path("entries")
                .path(0)
                .path("stacktrace")
                .asText();
        return stackTrace.isEmpty() ? Optional.empty() : Optional.of(sentenceOf(stackTrace));
    }

    /** The message of the first of an exception and its causes that is not Flink's own, or of the last one. */
    static String sentenceOf(String stackTrace) {
        String sentence = "";
        Matcher headings = HEADING.matcher(stackTrace);
        while (headings.find()) {
            sentence = headings.group("message") == null ? headings.group("type") : headings.group("message");
            if (!headings.group("type").startsWith("org.apache.flink.")) {
                break;
            }
        }
        return sentence.strip();
    }

    /** Checkpoints of a job that failed, since its JobManager began. */
    public int failedCheckpoints(String job) throws IOException, InterruptedException {
        return get("/jobs/" + job + "/checkpoints")
                .path("counts")
                .path("failed")
                .asInt();
    }

    /**
     * Uploads the jar and starts its job.
     *
     * @param state checkpoint or savepoint to go on from
     * @return the job's id
     */
    String submit(Submission submission, @Nullable Path state) throws IOException, InterruptedException {
        String jar = upload(Path.of(submission.jar()));
        ObjectNode body = JSON.createObjectNode().put("parallelism", submission.parallelism());
        ArrayNode arguments = body.putArray("programArgsList");
        submission.settings().forEach(arguments::add);
        if (state != null) {
            body.put("savepointPath", state.toUri().toString());
        }
        try {
            return post("/jars/" + jar + "/run", json(body)).path("jobid").asText();
        } finally {
            remove(jar);
        }
    }

    /** The job has its own copy; Flink would keep this one until it ends. Whether the job runs does not depend on it. */
    private void remove(String jar) throws InterruptedException {
        try {
            answer(request("/jars/" + jar).DELETE());
        } catch (IOException | ClusterException stays) {
            // With the files of Flink's own, until it ends.
        }
    }

    private String upload(Path jar) throws IOException, InterruptedException {
        String boundary = "hatflow-" + Long.toHexString(System.nanoTime());
        String head = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\""
                + jar.getFileName() + "\"\r\nContent-Type: application/x-java-archive\r\n\r\n";
        BodyPublisher body = BodyPublishers.concat(
                BodyPublishers.ofString(head),
                BodyPublishers.ofFile(jar),
                BodyPublishers.ofString("\r\n--" + boundary + "--\r\n"));
        String stored = answer(request("/jars/upload")
                        .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                        .POST(body))
                .path("filename")
                .asText();
        return stored.substring(stored.lastIndexOf('/') + 1);
    }

    /**
     * Stops a job with a savepoint and waits for it.
     *
     * @throws ClusterException if Flink could not, with its reason; the job goes on then, or fails
     */
    Path stopWithSavepoint(String job, Path folder) throws IOException, InterruptedException {
        ObjectNode body = JSON.createObjectNode()
                .put("targetDirectory", folder.toUri().toString())
                .put("drain", false);
        String request =
                post("/jobs/" + job + "/stop", json(body)).path("request-id").asText();
        while (true) {
            JsonNode answer = get("/jobs/" + job + "/savepoints/" + request);
            if (answer.path("status").path("id").asText().equals("COMPLETED")) {
                JsonNode location = answer.path("operation").path("location");
                if (location.isTextual()) {
                    return Path.of(URI.create(location.asText()));
                }
                throw new ClusterException("The job could not be stopped with a savepoint: "
                        + firstLine(answer.path("operation")
                                .path("failure-cause")
                                .path("stack-trace")
                                .asText()));
            }
            Thread.sleep(POLL.toMillis());
        }
    }

    private static BodyPublisher json(ObjectNode body) {
        return BodyPublishers.ofString(body.toString());
    }

    private JsonNode get(String path) throws IOException, InterruptedException {
        return answer(request(path).GET());
    }

    private JsonNode post(String path, BodyPublisher body) throws IOException, InterruptedException {
        return answer(request(path).header("Content-Type", "application/json").POST(body));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(address + path)).timeout(ANSWER_LIMIT);
    }

    private JsonNode answer(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response =
                client.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        JsonNode json = JSON.readTree(response.body().isEmpty() ? "{}" : response.body());
        if (response.statusCode() >= 300) {
            throw new ClusterException(
                    "Flink refused " + response.request().uri().getPath() + ": " + reason(json.path("errors")));
        }
        return json;
    }

    /** What the job itself said, if it is that; Flink wraps it in pages of stack traces. */
    static String reason(JsonNode errors) {
        String all = StreamSupport.stream(errors.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.joining("\n"));
        int own = OWN_WORDS.stream()
                .mapToInt(all::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(0);
        String from = all.substring(own);
        int end = from.indexOf("\n\tat ");
        return end < 0 ? from : from.substring(0, end);
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("no reason was given");
    }
}
