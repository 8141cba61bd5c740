package io.hatflow.job.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KafkaAccessTest {

    private final Path folder;

    KafkaAccessTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /** By each client's own reading of its properties. */
    private static List<AbstractConfig> clients(KafkaAccess kafka) {
        Map<String, Object> properties = new HashMap<>(kafka.properties());
        properties.put("bootstrap.servers", kafka.bootstrapServers());
        properties.put("key.serializer", ByteArraySerializer.class);
        properties.put("value.serializer", ByteArraySerializer.class);
        properties.put("key.deserializer", ByteArrayDeserializer.class);
        properties.put("value.deserializer", ByteArrayDeserializer.class);
        return List.of(
                new ConsumerConfig(properties), new ProducerConfig(properties), new AdminClientConfig(properties));
    }

    @Test
    void everyClientFindsWhatItsPropertiesReferTo() throws IOException {
        Path file = Files.writeString(folder.resolve("kafka.properties"), "password=hush\nuser=alice\n");
        Files.writeString(folder.resolve("trust"), "hush too");
        KafkaAccess kafka = new KafkaAccess(
                "broker:9093",
                Map.of(
                        "sasl.jaas.config",
                        "Module required username=\"${file:" + file + ":user}\" password=\"${file:" + file
                                + ":password}\";",
                        "ssl.truststore.password",
                        "${dir:" + folder + ":trust}",
                        "client.rack",
                        "${env:PATH}"));

        assertThat(clients(kafka)).allSatisfy(client -> {
            assertThat(client.getPassword("sasl.jaas.config"))
                    .isEqualTo(new Password("Module required username=\"alice\" password=\"hush\";"));
            assertThat(client.getPassword("ssl.truststore.password")).isEqualTo(new Password("hush too"));
            assertThat(client.originals().get("client.rack")).isEqualTo(System.getenv("PATH"));
        });
        assertThat(kafka.properties().toString() + kafka).doesNotContain("hush");
    }

    @Test
    void tokensOfAnIssuerAreAskedForAsTheSettingsSay() throws IOException {
        Path file = Files.writeString(folder.resolve("oauth.properties"), "secret=hush\n");
        KafkaAccess kafka = new KafkaAccess(
                "broker:9093",
                Map.of(
                        "security.protocol",
                        "SASL_SSL",
                        "sasl.mechanism",
                        "OAUTHBEARER",
                        "sasl.login.callback.handler.class",
                        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler",
                        "sasl.oauthbearer.token.endpoint.url",
                        "https://issuer/token",
                        "sasl.jaas.config",
                        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
                                + " clientId=\"job\" clientSecret=\"${file:" + file + ":secret}\";"));

        assertThat(clients(kafka)).allSatisfy(client -> {
            assertThat(client.getString("security.protocol")).isEqualTo("SASL_SSL");
            assertThat(client.getString("sasl.mechanism")).isEqualTo("OAUTHBEARER");
            assertThat(client.getString("sasl.oauthbearer.token.endpoint.url")).isEqualTo("https://issuer/token");
            assertThat(client.getClass("sasl.login.callback.handler.class").getSimpleName())
                    .isEqualTo("OAuthBearerLoginCallbackHandler");
            assertThat(client.getPassword("sasl.jaas.config").value()).contains("clientSecret=\"hush\";");
        });
    }

    @Test
    void providersOfTheUsersOwnAreLeftAlone() {
        assertThat(new KafkaAccess("b:1", Map.of("config.providers", "vault")).properties())
                .containsExactly(Map.entry("config.providers", "vault"));
    }

    @Test
    void whatIsNotThereIsNamed() {
        KafkaAccess noFile = new KafkaAccess("b:1", Map.of("ssl.key.password", "${file:/nowhere/kafka:password}"));
        assertThatThrownBy(noFile::requireClient)
                .isInstanceOf(SuppressRestartsException.class)
                .rootCause()
                .isInstanceOf(KafkaRefusal.class)
                .hasMessageContainingAll("kafka.properties.ssl.key.password", "/nowhere/kafka", "must be there");
        KafkaAccess noKey = new KafkaAccess("b:1", Map.of("ssl.key.password", "${dir:" + folder + ":password}"));
        assertThatThrownBy(noKey::requireClient)
                .rootCause()
                .hasMessageContainingAll("refers to ${dir:" + folder + ":password}", "not there");
    }

    @Test
    void aBrokerThatIsAwayDecidesNothing() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        KafkaAccess kafka = new KafkaAccess(
                "127.0.0.1:" + port, Map.of("request.timeout.ms", "200", "default.api.timeout.ms", "300"));

        kafka.requireReading(
                new InputTopics(
                        List.of("documents"), null, new OutputTopics(new OutputTopic("l"), new OutputTopic("d"))),
                "group");
    }
}
