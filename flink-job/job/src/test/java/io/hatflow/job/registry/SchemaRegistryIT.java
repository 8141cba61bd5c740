package io.hatflow.job.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.registry.LocalRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client and a real registry, which speaks TLS and asks for a password. */
@Timeout(180)
class SchemaRegistryIT {

    private static LocalRegistry registry;

    @BeforeAll
    static void start() throws Exception {
        registry = LocalRegistry.start(Path.of("target"));
    }

    @AfterAll
    static void stop() throws Exception {
        registry.close();
    }

    private static SchemaRegistry client(Map<String, String> properties) {
        return new SchemaRegistry(new RegistrySettings(List.of(registry.url()), SubjectNameStrategy.TOPIC, properties));
    }

    private static Map<String, String> properties(Path folder) throws Exception {
        Path secrets = Files.writeString(
                folder.resolve("registry.properties"),
                "login=" + LocalRegistry.USER + ":" + LocalRegistry.PASSWORD + "\ntrust=" + LocalRegistry.PASSWORD);
        return new HashMap<>(Map.of(
                "basic.auth.user.info",
                "${file:" + secrets + ":login}",
                "ssl.truststore.location",
                registry.trustStore().toString(),
                "ssl.truststore.password",
                "${file:" + secrets + ":trust}"));
    }

    /** A record of that name, with a text and as many numbers. */
    private static Schema schema(String name, int numbers) {
        var fields = SchemaBuilder.record("post." + name).fields().requiredString("body");
        for (int i = 0; i < numbers; i++) {
            fields.name("n" + i).type().intType().intDefault(i);
        }
        return fields.endRecord();
    }

    @Test
    void aSchemaEvolvesTwice(@TempDir Path folder) throws Exception {
        registry.setCompatibility("letters:1-value", "FULL_TRANSITIVE");
        SchemaRegistry writer = client(properties(folder));
        for (int version = 0; version < 3; version++) {
            Schema schema = schema("Letter", version);
            assertThat(writer.lookUp("letters:1-value", schema)).isEmpty();
            assertThat(writer.incompatibility("letters:1-value", schema)).isEmpty();

            int id = writer.register("letters:1-value", schema);

            assertThat(writer.register("letters:1-value", schema)).isEqualTo(id);
            assertThat(writer.lookUp("letters:1-value", schema)).hasValue(id);
            SchemaRegistry reader = client(properties(folder));
            assertThat(reader.byId(id)).contains(schema);
            assertThat(reader.latest("letters:1-value")).contains(schema);
        }
    }

    @Test
    void whatDoesNotGoWithEarlierVersionsIsRefused(@TempDir Path folder) throws Exception {
        registry.setCompatibility("notes-value", "BACKWARD");
        SchemaRegistry client = client(properties(folder));
        Schema other = SchemaBuilder.record("post.Note")
                .fields()
                .requiredLong("number")
                .endRecord();
        client.register("notes-value", schema("Note", 0));

        assertThat(client.incompatibility("notes-value", other)).isPresent();
        assertThatThrownBy(() -> client.register("notes-value", other))
                .isInstanceOf(RegistryException.class)
                .hasCauseInstanceOf(SuppressRestartsException.class)
                .hasMessageMatching(SchemaRegistryTest.of(SchemaRegistryTest.REFUSED_SCHEMA));
    }

    @Test
    void whatItDoesNotKnowIsUnknown(@TempDir Path folder) throws Exception {
        SchemaRegistry client = client(properties(folder));

        assertThat(client.byId(0)).isEmpty();
        assertThat(client.byId(987_654)).isEmpty();
        assertThat(client.byId(Integer.MAX_VALUE)).isEmpty();
        // This release gives no GUIDs.
        assertThat(client.byGuid(new UUID(1, 2))).isEmpty();
        assertThat(client.latest("nowhere-value")).isEmpty();
    }

    @Test
    void aCertificateInPemIsTrusted(@TempDir Path folder) throws Exception {
        Map<String, String> properties = properties(folder);
        properties.put("ssl.truststore.location", registry.certificate().toString());
        properties.put("ssl.truststore.type", "PEM");
        properties.remove("ssl.truststore.password");

        assertThat(client(properties).latest("nowhere-value")).isEmpty();
    }

    @Test
    void aCertificateOfAStrangerIsNotTrusted(@TempDir Path folder) throws Exception {
        Map<String, String> properties = properties(folder);
        properties.remove("ssl.truststore.location");

        assertThatThrownBy(() -> client(properties).byId(1))
                .isInstanceOf(RegistryException.class)
                .hasCauseInstanceOf(SuppressRestartsException.class)
                .hasMessageMatching(SchemaRegistryTest.of(SchemaRegistryTest.CERTIFICATE));
    }

    @Test
    void aWrongPasswordIsRefused(@TempDir Path folder) throws Exception {
        Map<String, String> properties = properties(folder);
        properties.put("basic.auth.user.info", LocalRegistry.USER + ":hush");

        assertThatThrownBy(() -> client(properties).byId(1))
                .isInstanceOf(RegistryException.class)
                .hasCauseInstanceOf(SuppressRestartsException.class)
                .hasMessageMatching(SchemaRegistryTest.of(SchemaRegistryTest.LOGIN))
                .hasMessageNotContaining("hush");
    }

    @Test
    void anOutageIsWaitedFor(@TempDir Path folder) throws Exception {
        Schema schema = schema("Card", 1);
        SchemaRegistry client = client(properties(folder));
        int id = client.register("cards-value", schema);
        assertThat(client.byId(id)).contains(schema);
        SchemaRegistry other = client(properties(folder));

        registry.kill();

        assertThat(client.byId(id)).contains(schema);
        CompletableFuture<Optional<Schema>> asked = CompletableFuture.supplyAsync(() -> other.byId(id));
        registry.restart();
        assertThat(asked.get(1, TimeUnit.MINUTES)).contains(schema);
    }
}
