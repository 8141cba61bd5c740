package io.hatflow.job.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client and a server that speaks TLS and asks for a certificate. */
@Timeout(60)
class RegistryTlsTest {

    private static final String PASSWORD = "key-store-of-the-test";

    private static Path folder;

    private static StubRegistry server;

    @BeforeAll
    static void start(@TempDir Path temporary) throws Exception {
        folder = temporary;
        certificate("server");
        certificate("client");
        server = StubRegistry.start(
                RegistryTls.context(properties("server", "client")).orElseThrow());
        server.says("GET /schemas/ids/1", StubRegistry.ok("{\"schema\": \"\\\"int\\\"\"}"));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** A key pair with a certificate that it has signed itself, and that certificate alone. */
    private static void certificate(String name) throws IOException, InterruptedException {
        keytool(name, "-genkeypair", "-keyalg", "EC", "-dname", "CN=" + name, "-ext", "SAN=ip:127.0.0.1");
        keytool(
                name,
                "-exportcert",
                "-rfc",
                "-file",
                folder.resolve(name + ".pem").toString());
    }

    private static void keytool(String name, String... arguments) throws IOException, InterruptedException {
        Stream<String> store = Stream.of(
                "-alias",
                name,
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keystore",
                keyStore(name).toString());
        List<String> command = Stream.of(
                        Stream.of(Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString()),
                        Stream.of(arguments),
                        store)
                .flatMap(each -> each)
                .toList();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).as("keytool ends").isTrue();
        assertThat(process.exitValue()).as(said).isZero();
    }

    private static Path keyStore(String name) {
        return folder.resolve(name + ".p12");
    }

    /** Of one that shows its own certificate and trusts the other's. */
    private static Map<String, String> properties(String own, String other) {
        return new HashMap<>(Map.of(
                "ssl.truststore.location",
                folder.resolve(other + ".pem").toString(),
                "ssl.truststore.type",
                "PEM",
                "ssl.keystore.location",
                keyStore(own).toString(),
                "ssl.keystore.type",
                "PKCS12",
                "ssl.keystore.password",
                PASSWORD));
    }

    private static SchemaRegistry client(Map<String, String> properties, String... further) {
        Duration limit = Duration.ofSeconds(properties.containsKey("ssl.keystore.location") ? 30 : 1);
        List<String> urls =
                Stream.concat(Stream.of(server.url()), Stream.of(further)).toList();
        return new SchemaRegistry(
                new RegistrySettings(urls, SubjectNameStrategy.TOPIC, properties),
                new Patience(limit, limit, Duration.ofMillis(1), Duration.ofMillis(100), Duration.ZERO));
    }

    @Test
    void aCertificateIsShownWhereItIsAskedFor() {
        assertThat(client(properties("client", "server")).byId(1)).contains(Schema.create(Schema.Type.INT));
    }

    @Test
    void anAddressThatIsNotTrustedIsLeftForAnother() throws IOException {
        Map<String, String> trustsAnother = properties("client", "client");
        assertThatThrownBy(() -> client(trustsAnother).byId(1))
                .isInstanceOf(RegistryException.class)
                .hasMessageMatching(SchemaRegistryTest.of(SchemaRegistryTest.CERTIFICATE));

        try (StubRegistry other = StubRegistry.start()) {
            other.says("GET /schemas/ids/1", StubRegistry.ok("{\"schema\": \"\\\"int\\\"\"}"));

            assertThat(client(trustsAnother, other.url()).byId(1)).contains(Schema.create(Schema.Type.INT));
        }
    }

    @Test
    void withoutOneNobodyIsLetIn() {
        Map<String, String> properties = properties("client", "server");
        properties.keySet().removeIf(name -> name.startsWith("ssl.keystore."));

        assertThatThrownBy(() -> client(properties).byId(1))
                .isInstanceOf(RegistryException.class)
                .hasMessageContaining("gives no answer");
    }

    @Test
    void aWrongPasswordOfAStoreIsNamed() {
        Map<String, String> properties = properties("client", "server");
        properties.put("ssl.keystore.password", "another");

        assertThatThrownBy(() -> client(properties))
                .isInstanceOf(RegistryException.class)
                .hasMessageStartingWith("registry.properties.ssl.keystore.location is " + keyStore("client")
                        + ", which cannot be used: ")
                .hasMessageNotContaining("another");
    }

    @Test
    void aStoreThatTrustsNobodyIsNamed() {
        Map<String, String> properties = properties("client", "server");
        properties.put("ssl.truststore.location", keyStore("client").toString());

        assertThatThrownBy(() -> client(properties))
                .isInstanceOf(RegistryException.class)
                .hasMessageStartingWith("registry.properties.ssl.truststore.location is " + keyStore("client")
                        + ", which cannot be used: ");
    }
}
