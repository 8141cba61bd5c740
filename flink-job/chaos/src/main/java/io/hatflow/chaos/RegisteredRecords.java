package io.hatflow.chaos;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.hatflow.chaos.check.ConfluentAvro;
import io.hatflow.chaos.check.SchemaRegistry;
import io.hatflow.registry.LocalRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;

/** Records of a user's own, a registry beside the broker that holds their schemas, and what can be done to it. Not thread-safe. */
final class RegisteredRecords implements AutoCloseable {

    private static final JsonMapper JSON = new JsonMapper();

    /** Under which any version can be read by any other. */
    private static final String COMPATIBILITY = "FULL_TRANSITIVE";

    private final LocalRegistry registry;
    private final ConfluentAvro records;

    private RegisteredRecords(LocalRegistry registry, ConfluentAvro records) {
        this.registry = registry;
        this.records = records;
    }

    /**
     * Starts the registry and registers the first schema.
     *
     * @param home folder of everything that the registry writes, until it is closed
     */
    static RegisteredRecords start(Path home, String inputTopic) throws IOException, InterruptedException {
        LocalRegistry registry = LocalRegistry.start(home);
        try {
            registry.setCompatibility(inputTopic + "-value", COMPATIBILITY);
            return new RegisteredRecords(registry, new ConfluentAvro(new Rest(registry), inputTopic));
        } catch (RuntimeException | IOException | InterruptedException e) {
            registry.close();
            throw e;
        }
    }

    /** The registry, asked as its REST API is described, without a client of the job's. */
    private record Rest(LocalRegistry registry) implements SchemaRegistry {

        @Override
        public int register(String subject, Schema schema) {
            String body = JsonNodeFactory.instance
                    .objectNode()
                    .put("schema", schema.toString())
                    .toString();
            return ask("POST", "/subjects/" + subject + "/versions", body)
                    .path("id")
                    .intValue();
        }

        @Override
        public Schema byId(int id) {
            return new Schema.Parser()
                    .parse(ask("GET", "/schemas/ids/" + id, "").path("schema").textValue());
        }

        private JsonNode ask(String method, String path, String body) {
            try {
                HttpResponse<String> answer = registry.ask(method, path, body);
                if (answer.statusCode() != 200) {
                    throw new IllegalStateException("The registry answers " + method + " " + path + " with status "
                            + answer.statusCode() + ": " + answer.body());
                }
                return JSON.readTree(answer.body());
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("The registry answers " + method + " " + path + " with no JSON", e);
            } catch (IOException e) {
                throw new UncheckedIOException("The registry does not answer " + method + " " + path, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted while the registry was asked", e);
            }
        }
    }

    ConfluentAvro wire() {
        return records;
    }

    /** What the job must be told to read such records, to write such events, and to reach the registry. */
    List<String> jobSettings() {
        List<String> settings = new ArrayList<>(List.of(
                "--document.format=" + Format.CONFLUENT_AVRO,
                "--events.format=" + Format.CONFLUENT_AVRO,
                "--registry.url=" + registry.url()));
        registry.clientProperties()
                .forEach((property, value) -> settings.add("--registry.properties." + property + "=" + value));
        ConfluentAvro.mapping().forEach((setting, fields) -> settings.add("--" + setting + "=" + fields));
        return settings;
    }

    /** SIGKILL; what was registered stays. */
    void killRegistry() throws InterruptedException {
        registry.kill();
    }

    /**
     * Waits until somebody asks the registry that is gone, and hangs up.
     *
     * @throws java.net.SocketTimeoutException if nobody does
     */
    void awaitQuestion(Duration limit) throws IOException {
        try (ServerSocket inItsPlace =
                new ServerSocket(URI.create(registry.url()).getPort(), 1, InetAddress.getLoopbackAddress())) {
            inItsPlace.setSoTimeout((int) limit.toMillis());
            inItsPlace.accept().close();
        }
    }

    /** Starts a registry that was killed, and waits until it answers. */
    void restartRegistry() throws IOException, InterruptedException {
        registry.restart();
    }

    @Override
    public void close() throws IOException {
        registry.close();
    }
}
