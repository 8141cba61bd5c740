package io.hatflow.registry;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A real schema registry, Apicurio, in a JVM of its own on this machine. Listens on the loopback interface only, speaks Confluent's REST API
 * over TLS alone, and asks for a password. Keeps its schemas and its port when it is killed and started again; ends with {@link #close}, or
 * with this JVM, however that ends. Only {@link #ask} is thread-safe.
 */
public final class LocalRegistry implements AutoCloseable {

    /** Who may do everything there. */
    public static final String USER = "alice";

    /** That user's password, which is also that of {@link #trustStore}. */
    public static final String PASSWORD = "password-of-alice";

    private static final Duration START_LIMIT = Duration.ofMinutes(3);
    private static final Duration POLL = Duration.ofMillis(100);

    /** Below the ports that systems give to clients: one of these would take the port of a registry that is down. */
    private static final int LOWEST_PORT = 20_000;

    private static final int HIGHEST_PORT = 32_000;

    private static final int LOG_LINES_SHOWN = 30;

    private final Path folder;
    private final Path log;
    private final String url;
    private final ProcessBuilder builder;
    private final HttpClient client;
    private Process process;

    private LocalRegistry(Path parent) throws IOException, InterruptedException {
        this.folder = Files.createTempDirectory(Files.createDirectories(parent), "registry-")
                .toAbsolutePath();
        this.log = folder.resolve("registry.log");
        makeCertificate();
        int port = freePort();
        this.url = "https://127.0.0.1:" + port + "/apis/ccompat/v7";
        Files.writeString(
                Files.createDirectories(folder.resolve("config")).resolve("application.properties"),
                configuration(port));
        this.builder = jvm();
        this.client = client();
        this.process = builder.start();
    }

    /**
     * Starts a registry and waits until it answers.
     *
     * @param parent in which everything that the registry writes is in one folder, until it is closed
     * @throws IllegalStateException if it does not answer, with the end of its log
     */
    public static LocalRegistry start(Path parent) throws IOException, InterruptedException {
        LocalRegistry registry = new LocalRegistry(parent);
        try {
            registry.awaitAnswer();
        } catch (IllegalStateException | InterruptedException e) {
            registry.close();
            throw e;
        }
        return registry;
    }

    /** Address of Confluent's REST API. */
    public String url() {
        return url;
    }

    /** PKCS12 store with the certificate of the registry. */
    public Path trustStore() {
        return folder.resolve("trust.p12");
    }

    /** The certificate of the registry, in PEM. */
    public Path certificate() {
        return folder.resolve("registry.crt");
    }

    /** By Confluent's names, what a client needs to log in here and to trust the certificate. */
    public Map<String, String> clientProperties() {
        return Map.of(
                "basic.auth.user.info",
                USER + ":" + PASSWORD,
                "ssl.truststore.location",
                certificate().toString(),
                "ssl.truststore.type",
                "PEM");
    }

    private Path keyStore() {
        return folder.resolve("registry.p12");
    }

    /** A key pair with a certificate that it has signed itself, and a truststore with that alone, by the JDK's keytool. */
    private void makeCertificate() throws IOException, InterruptedException {
        keytool(
                keyStore(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-alias",
                "registry",
                "-dname",
                "CN=registry",
                "-ext",
                "SAN=ip:127.0.0.1");
        keytool(
                keyStore(),
                "-exportcert",
                "-rfc",
                "-alias",
                "registry",
                "-file",
                certificate().toString());
        keytool(
                trustStore(),
                "-importcert",
                "-noprompt",
                "-alias",
                "registry",
                "-file",
                certificate().toString());
    }

    private static void keytool(Path store, String... arguments) throws IOException, InterruptedException {
        List<String> command = Stream.of(
                        Stream.of(java("keytool")),
                        Stream.of(arguments),
                        Stream.of("-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", PASSWORD))
                .flatMap(each -> each)
                .toList();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
            throw new IllegalStateException("keytool failed: " + said);
        }
    }

    private static String java(String program) {
        return Path.of(System.getProperty("java.home"), "bin", program).toString();
    }

    private String configuration(int port) {
        return String.join(
                "\n",
                "quarkus.http.host=127.0.0.1",
                "quarkus.management.host=127.0.0.1",
                "quarkus.http.insecure-requests=disabled",
                "quarkus.http.ssl-port=" + port,
                "quarkus.http.ssl.certificate.key-store-file=" + keyStore(),
                "quarkus.http.ssl.certificate.key-store-password=" + PASSWORD,
                "quarkus.http.auth.basic=true",
                "quarkus.security.users.embedded.enabled=true",
                "quarkus.security.users.embedded.plain-text=true",
                "quarkus.security.users.embedded.users." + USER + "=" + PASSWORD,
                "quarkus.security.users.embedded.roles." + USER + "=sr-admin",
                "apicurio.auth.role-based-authorization=true",
                // In a file, where the default is this process's memory, and there before it is answered: what was
                // registered
                // outlives a kill.
                "apicurio.datasource.url=jdbc:h2:file:" + folder.resolve("data/registry") + ";WRITE_DELAY=0",
                "apicurio.datasource.jdbc.initial-size=2",
                "apicurio.datasource.jdbc.min-size=2",
                "");
    }

    private ProcessBuilder jvm() throws IOException {
        Path temporary = Files.createDirectories(folder.resolve("tmp"));
        List<String> command = List.of(
                java("java"),
                "-Xmx192m",
                "-XX:+UseSerialGC",
                // Much of the time to its first answer is compiling.
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + temporary,
                "-Duser.home=" + temporary,
                "-classpath",
                ownClasses() + System.getProperty("path.separator") + runner(),
                RegistryProcess.class.getName());
        return new ProcessBuilder(command)
                // Apicurio reads config/application.properties from where it is started.
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    }

    private static Path ownClasses() {
        try {
            return Path.of(RegistryProcess.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("This class was loaded from no file", e);
        }
    }

    /** The build unpacks Apicurio beside the classes, or beside the jar, of this module. */
    private static Path runner() throws IOException {
        Path apicurio = ownClasses().resolveSibling("apicurio");
        if (!Files.isDirectory(apicurio)) {
            throw new IllegalStateException("There is no " + apicurio
                    + "; build the module flink-job/registry without -DskipTests, which unpacks the registry there");
        }
        try (Stream<Path> files = Files.list(apicurio)) {
            return files.filter(file -> file.toString().endsWith("-runner.jar"))
                    .findFirst()
                    .orElseThrow(() ->
                            new IllegalStateException(apicurio + " holds no -runner.jar; remove it, and build again"));
        }
    }

    private static int freePort() throws IOException {
        Random random = new Random();
        for (int attempt = 0; attempt < 100; attempt++) {
            int port = random.nextInt(LOWEST_PORT, HIGHEST_PORT);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return free.getLocalPort();
            } catch (IOException taken) {
                // Another one will be free.
            }
        }
        throw new IOException("No free port was found between " + LOWEST_PORT + " and " + HIGHEST_PORT);
    }

    private HttpClient client() throws IOException {
        try (InputStream file = Files.newInputStream(trustStore())) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(file, PASSWORD.toCharArray());
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return HttpClient.newBuilder().sslContext(context).build();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("The registry's certificate cannot be used", e);
        }
    }

    private void awaitAnswer() throws IOException, InterruptedException {
        long end = System.nanoTime() + START_LIMIT.toNanos();
        while (!answers()) {
            if (!process.isAlive()) {
                throw new IllegalStateException(
                        "The registry ended with exit code " + process.exitValue() + "; " + endOfLog());
            }
            if (System.nanoTime() > end) {
                throw new IllegalStateException(
                        "The registry does not answer after " + START_LIMIT.toSeconds() + " s; " + endOfLog());
            }
            Thread.sleep(POLL.toMillis());
        }
    }

    private boolean answers() throws InterruptedException {
        try {
            return ask("GET", "/subjects", "").statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        }
    }

    /** Sets which changes of its schema a subject allows, such as {@code BACKWARD}; where nobody has set it, any. */
    public void setCompatibility(String subject, String level) throws IOException, InterruptedException {
        int status = ask(
                        "PUT",
                        "/config/" + URLEncoder.encode(subject, StandardCharsets.UTF_8),
                        "{\"compatibility\": \"" + level + "\"}")
                .statusCode();
        if (status != 200) {
            throw new IllegalStateException("The registry answers with " + status + "; " + endOfLog());
        }
    }

    /**
     * Asks Confluent's REST API as {@link #USER}, for whoever is not to trust a client.
     *
     * @param path behind {@link #url}
     * @param body JSON, or nothing
     * @throws IOException if there is no answer within half a minute
     */
    public HttpResponse<String> ask(String method, String path, String body) throws IOException, InterruptedException {
        String login = Base64.getEncoder().encodeToString((USER + ":" + PASSWORD).getBytes(StandardCharsets.UTF_8));
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + path))
                .header("Authorization", "Basic " + login)
                .header("Content-Type", "application/vnd.schemaregistry.v1+json")
                .timeout(Duration.ofSeconds(30))
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        return client.send(request, BodyHandlers.ofString());
    }

    private String endOfLog() throws IOException {
        if (!Files.exists(log)) {
            return "it has written no log";
        }
        List<String> lines =
                Files.readString(log, StandardCharsets.UTF_8).lines().toList();
        List<String> last = lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size());
        return "the end of its log:\n" + String.join("\n", last);
    }

    /** Ends the registry at once, as a crash of its machine would, and waits until it is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /**
     * Starts a registry again that was killed, with its schemas and on its port, and waits until it answers.
     *
     * @throws IllegalStateException if it still runs or does not answer
     */
    public void restart() throws IOException, InterruptedException {
        if (process.isAlive()) {
            throw new IllegalStateException("The registry at " + url + " still runs; kill it first");
        }
        process = builder.start();
        awaitAnswer();
    }

    /** Ends the registry and removes its folder. */
    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
