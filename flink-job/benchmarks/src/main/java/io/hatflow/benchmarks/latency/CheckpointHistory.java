package io.hatflow.benchmarks.latency;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;

/** What Flink's REST interface says of a job's checkpoints. */
final class CheckpointHistory {

    private static final JsonMapper JSON = new JsonMapper();
    private static final long POLL_MILLIS = 50;

    private CheckpointHistory() {}

    /**
     * Durations, in nanoseconds, of the checkpoints that began between two points in time; waits for those that are not complete yet.
     *
     * @param port of the REST interface on this machine
     * @throws IllegalStateException if one of them failed: it has no duration, and leaving it out would hide the longest
     */
    static List<Long> nanos(int port, String job, long sinceMillis, long untilMillis)
            throws IOException, InterruptedException {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://localhost:" + port + "/jobs/" + job + "/checkpoints"))
                .build();
        while (true) {
            List<Long> nanos = new ArrayList<>();
            boolean complete = true;
            String answer = client.send(request, BodyHandlers.ofString()).body();
            for (JsonNode checkpoint : JSON.readTree(answer).path("history")) {
                long begun = checkpoint.path("trigger_timestamp").asLong();
                if (begun < sinceMillis || begun > untilMillis) {
                    continue;
                }
                String status = checkpoint.path("status").asText();
                if (status.equals("FAILED")) {
                    throw new IllegalStateException(
                            "Checkpoint " + checkpoint.path("id").asLong() + " failed, expected it to be complete");
                }
                complete &= status.equals("COMPLETED");
                nanos.add(checkpoint.path("end_to_end_duration").asLong() * 1_000_000);
            }
            if (complete) {
                return nanos;
            }
            Thread.sleep(POLL_MILLIS);
        }
    }
}
