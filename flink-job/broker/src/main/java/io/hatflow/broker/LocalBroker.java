package io.hatflow.broker;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.RetriableException;

/**
 * A real Kafka broker in a JVM of its own on this machine, from the jars on this JVM's class path. Listens on the loopback
 * interface only. Keeps its data and its ports when it is killed and started again; ends with {@link #close}, or with this
 * JVM, however that ends. Not thread-safe.
 */
public final class LocalBroker implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofMinutes(3);
    private static final Duration POLL = Duration.ofMillis(20);

    /** Below the ports that systems give to clients: one of these would take the port of a broker that is down. */
    private static final int LOWEST_PORT = 20_000;

    private static final int HIGHEST_PORT = 32_000;

    private static final int LOG_LINES_SHOWN = 30;

    private final Path log;
    private final String bootstrapServers;
    private final ProcessBuilder builder;
    private Process process;

    private LocalBroker(Path folder, UnaryOperator<String> changes) throws IOException {
        Files.createDirectories(folder);
        this.log = folder.resolve("broker.log");
        int port;
        int controllerPort;
        try (ServerSocket broker = freePort();
                ServerSocket controller = freePort()) {
            port = broker.getLocalPort();
            controllerPort = controller.getLocalPort();
        }
        this.bootstrapServers = "127.0.0.1:" + port;
        Path properties = Files.writeString(
                folder.resolve("server.properties"), changes.apply(configuration(folder, port, controllerPort)));
        this.builder = jvm(log, properties, Uuid.randomUuid().toString());
        this.process = builder.start();
    }

    /**
     * Starts a broker and waits until it answers.
     *
     * @param folder empty, or not there yet; will hold the broker's data and its log
     * @throws IllegalStateException if it does not answer, with the end of its log
     */
    public static LocalBroker start(Path folder) throws IOException, InterruptedException {
        return start(folder, UnaryOperator.identity());
    }

    /**
     * As {@link #start(Path)}, with another configuration.
     *
     * @param changes gets the text of {@code server.properties}; of a key that is there twice, the last one counts
     */
    public static LocalBroker start(Path folder, UnaryOperator<String> changes)
            throws IOException, InterruptedException {
        LocalBroker broker = new LocalBroker(folder, changes);
        broker.awaitAnswer();
        return broker;
    }

    private static String configuration(Path folder, int port, int controllerPort) {
        return String.join(
                "\n",
                "process.roles=broker,controller",
                "node.id=1",
                "listeners=PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort,
                "advertised.listeners=PLAINTEXT://127.0.0.1:" + port,
                "controller.listener.names=CONTROLLER",
                "controller.quorum.bootstrap.servers=127.0.0.1:" + controllerPort,
                "log.dirs=" + folder.resolve("data"),
                "offsets.topic.replication.factor=1",
                "offsets.topic.num.partitions=1",
                "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1",
                "transaction.state.log.num.partitions=1",
                "group.initial.rebalance.delay.ms=0",
                "auto.create.topics.enable=false",
                "log.segment.bytes=67108864",
                // Indexes are allocated at full size; the default takes 20 MB for each partition.
                "log.index.size.max.bytes=1048576",
                "");
    }

    /** The class path goes by the environment: as an argument, it would be longer than some systems take. */
    private static ProcessBuilder jvm(Path log, Path properties, String clusterId) {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                // Much of the time to its first answer is compiling.
                "-XX:TieredStopAtLevel=1",
                // Named, because the class path may hold configurations for this JVM, too.
                "-Dlog4j2.configurationFile=classpath:io/hatflow/broker/broker-log.properties",
                BrokerProcess.class.getName(),
                properties.toString(),
                clusterId);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        return builder;
    }

    private static ServerSocket freePort() throws IOException {
        Random random = new Random();
        for (int attempt = 0; attempt < 100; attempt++) {
            try {
                return new ServerSocket(random.nextInt(LOWEST_PORT, HIGHEST_PORT), 1, InetAddress.getLoopbackAddress());
            } catch (IOException taken) {
                // Another one will be free.
            }
        }
        throw new IOException("No free port was found between " + LOWEST_PORT + " and " + HIGHEST_PORT);
    }

    private void awaitAnswer() throws IOException, InterruptedException {
        long end = System.nanoTime() + START_LIMIT.toNanos();
        try (Admin admin = admin()) {
            while (!answers(admin)) {
                if (!process.isAlive()) {
                    throw new IllegalStateException(
                            "The broker ended with exit code " + process.exitValue() + "; " + endOfLog());
                }
                if (System.nanoTime() > end) {
                    throw new IllegalStateException(
                            "The broker does not answer after " + START_LIMIT.toSeconds() + " s; " + endOfLog());
                }
            }
        } catch (IllegalStateException | InterruptedException e) {
            kill();
            throw e;
        }
    }

    /** Whether the broker serves clients; before, it may answer without knowing of itself. */
    private static boolean answers(Admin admin) throws InterruptedException {
        try {
            return !admin.describeCluster(new DescribeClusterOptions().timeoutMs(1000))
                    .nodes()
                    .get()
                    .isEmpty();
        } catch (ExecutionException notYet) {
            return false;
        }
    }

    private String endOfLog() throws IOException {
        if (!Files.exists(log)) {
            return "it has written no log";
        }
        List<String> lines =
                Files.readString(log, StandardCharsets.UTF_8).lines().toList();
        List<String> last = lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size());
        return "the end of " + log + ":\n" + String.join("\n", last);
    }

    private Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", bootstrapServers, "reconnect.backoff.max.ms", "200"));
    }

    /** Where clients find it; stays the same when it is started again. */
    public String bootstrapServers() {
        return bootstrapServers;
    }

    /** Makes topics; documents may have up to 64 MB, dead letters a bit more. */
    public void createTopics(int partitions, Collection<String> names) throws InterruptedException {
        try (Admin admin = admin()) {
            admin.createTopics(names.stream()
                            .map(name -> new NewTopic(name, partitions, (short) 1)
                                    .configs(Map.of("max.message.bytes", Integer.toString(72 << 20))))
                            .toList())
                    .all()
                    .get();
            Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
            names.forEach(name -> IntStream.range(0, partitions)
                    .forEach(each -> ends.put(new TopicPartition(name, each), OffsetSpec.latest())));
            long limit = System.nanoTime() + START_LIMIT.toNanos();
            while (!allLead(admin, ends)) {
                if (System.nanoTime() > limit) {
                    throw new IllegalStateException(
                            "The topics " + names + " have no leaders after " + START_LIMIT.toSeconds() + " s");
                }
                Thread.sleep(POLL.toMillis());
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("The topics " + names + " could not be made", e);
        }
    }

    /**
     * Whether all partitions are led. Whoever sends before may have the first batch of a producer refused and the second one
     * accepted; then the first is out of order until its time is over.
     */
    private static boolean allLead(Admin admin, Map<TopicPartition, OffsetSpec> partitions)
            throws ExecutionException, InterruptedException {
        try {
            admin.listOffsets(partitions).all().get();
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RetriableException) {
                return false;
            }
            throw e;
        }
    }

    /** Ends the broker at once, as a crash of its machine would, and waits until it is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /**
     * Starts a broker again that was killed, with its data and on its port, and waits until it answers.
     *
     * @throws IllegalStateException if it still runs or does not answer
     */
    public void restart() throws IOException, InterruptedException {
        if (process.isAlive()) {
            throw new IllegalStateException("The broker at " + bootstrapServers + " still runs; kill it first");
        }
        process = builder.start();
        awaitAnswer();
    }

    /** Ends the broker; its data stay as after a crash. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
