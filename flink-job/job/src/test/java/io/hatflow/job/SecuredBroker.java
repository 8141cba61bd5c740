package io.hatflow.job;

import io.hatflow.broker.LocalBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * A broker with a second listener that demands TLS and a login, and that allows its users only what it was told to. The first listener
 * is the test's own, by which it may do everything. Keys and certificates are made by the JDK's keytool for each broker anew.
 */
public final class SecuredBroker implements AutoCloseable {

    static final String KEY_STORE_PASSWORD = "key-store-of-the-test";

    /** The broker, by the test's own listener. */
    public final LocalBroker broker;

    private final Path folder;
    private final int port;
    private final Admin admin;

    private SecuredBroker(LocalBroker broker, Path folder, int port) {
        this.broker = broker;
        this.folder = folder;
        this.port = port;
        this.admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    /** Starts one; its folder is the caller's. */
    public static SecuredBroker start(Path folder) throws Exception {
        certificate(folder, "broker");
        certificate(folder, "stranger");
        int port = freePort();
        String listener = "SECURED://127.0.0.1:" + port;
        LocalBroker broker = LocalBroker.start(
                folder.resolve("kafka"),
                text -> text.replaceAll("(?m)^((?:advertised\\.)?listeners=.*)$", "$1," + listener)
                        + String.join(
                                "\n",
                                "inter.broker.listener.name=PLAINTEXT",
                                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL",
                                "sasl.enabled.mechanisms=SCRAM-SHA-512,OAUTHBEARER",
                                "listener.name.secured.scram-sha-512.sasl.jaas.config="
                                        + "org.apache.kafka.common.security.scram.ScramLoginModule required;",
                                // Takes tokens that nobody has signed, so that the test needs no server that issues
                                // them.
                                "listener.name.secured.oauthbearer.sasl.jaas.config=" + token("broker"),
                                "ssl.keystore.location=" + folder.resolve("broker.p12"),
                                "ssl.keystore.password=" + KEY_STORE_PASSWORD,
                                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                                "super.users=User:ANONYMOUS",
                                ""));
        return new SecuredBroker(broker, folder, port);
    }

    /** A key pair with a certificate that it has signed itself, and a truststore with that alone. */
    private static void certificate(Path folder, String name) throws IOException, InterruptedException {
        Path keyStore = folder.resolve(name + ".p12");
        Path certificate = folder.resolve(name + ".crt");
        keytool("-genkeypair", "-keyalg", "EC", "-alias", name, "-dname", "CN=" + name, "-ext", "SAN=ip:127.0.0.1")
                .on(keyStore);
        keytool("-exportcert", "-rfc", "-alias", name, "-file", certificate.toString())
                .on(keyStore);
        keytool("-importcert", "-noprompt", "-alias", name, "-file", certificate.toString())
                .on(folder.resolve(name + "-trust.p12"));
    }

    private record Keytool(List<String> arguments) {
        void on(Path store) throws IOException, InterruptedException {
            List<String> command = Stream.of(
                            Stream.of(Path.of(System.getProperty("java.home"), "bin", "keytool")
                                    .toString()),
                            arguments.stream(),
                            Stream.of("-storetype", "PKCS12", "-keystore", store.toString()),
                            Stream.of("-storepass", KEY_STORE_PASSWORD))
                    .flatMap(each -> each)
                    .toList();
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new IllegalStateException("keytool failed: " + said);
            }
        }
    }

    private static Keytool keytool(String... arguments) {
        return new Keytool(List.of(arguments));
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    /** Where clients are asked who they are. */
    public String servers() {
        return "127.0.0.1:" + port;
    }

    /** A truststore that holds the certificate of the broker, or one of somebody else. */
    Path trustStore(boolean ofTheBroker) {
        return folder.resolve(ofTheBroker ? "broker-trust.p12" : "stranger-trust.p12");
    }

    /** Makes a user who may log in and do nothing. */
    public void addUser(String user, String password) throws ExecutionException, InterruptedException {
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                        user, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password)))
                .all()
                .get();
    }

    /** Gives rights to all whose name begins so. */
    public void allow(String user, ResourceType type, String prefix, AclOperation... operations)
            throws ExecutionException, InterruptedException {
        admin.createAcls(Stream.of(operations)
                        .map(operation -> right(user, type, prefix, operation))
                        .toList())
                .all()
                .get();
    }

    /** Takes a right away that was given by these very words. */
    void withdraw(String user, ResourceType type, String prefix, AclOperation operation)
            throws ExecutionException, InterruptedException {
        admin.deleteAcls(List.of(right(user, type, prefix, operation).toFilter()))
                .all()
                .get();
    }

    private static AclBinding right(String user, ResourceType type, String prefix, AclOperation operation) {
        return new AclBinding(
                new ResourcePattern(type, prefix, PatternType.PREFIXED),
                new AccessControlEntry("User:" + user, "*", operation, AclPermissionType.ALLOW));
    }

    /** Kafka's properties of a user whose password stands in a file. */
    public Map<String, String> client(String user, String password) throws IOException {
        Path secret = writeSecret(user, password);
        Path trust = Files.writeString(folder.resolve("trust-password"), KEY_STORE_PASSWORD);
        return Map.of(
                "security.protocol",
                "SASL_SSL",
                "sasl.mechanism",
                "SCRAM-SHA-512",
                "sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + user
                        + "\" password=\"${file:" + secret + ":password}\";",
                "ssl.truststore.location",
                trustStore(true).toString(),
                "ssl.truststore.type",
                "PKCS12",
                "ssl.truststore.password",
                "${dir:" + folder + ":" + trust.getFileName() + "}");
    }

    /** Kafka's properties of a user who logs in with a token. */
    public Map<String, String> clientWithToken(String user) throws IOException {
        Map<String, String> properties = new HashMap<>(client(user, ""));
        properties.put("sasl.mechanism", "OAUTHBEARER");
        properties.put("sasl.jaas.config", token(user));
        return properties;
    }

    private static String token(String user) {
        return "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
                + " unsecuredLoginStringClaim_sub=\"" + user + "\";";
    }

    /** Puts into the user's file what {@link #client} refers to. */
    public Path writeSecret(String user, String password) {
        try {
            return Files.writeString(folder.resolve(user + ".properties"), "password=" + password + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        admin.close();
        broker.close();
    }
}
