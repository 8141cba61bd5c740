package io.hatflow.job.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Uuid;

/**
 * A real Kafka broker in a JVM of its own on this machine, from the jars on this JVM's class path. Listens on the loopback
 * interface only; ends with {@link #close} and, if this JVM is stopped, with it.
 */
public final class LocalBroker implements AutoCloseable {

    private static final int ANY_PORT = 0;
    private static final Duration START_LIMIT = Duration.ofSeconds(90);

    private final Process process;
    private final Thread stopWithThisJvm;
    private final String bootstrapServers;

    private LocalBroker(Process process, String bootstrapServers) {
        this.process = process;
        this.bootstrapServers = bootstrapServers;
        this.stopWithThisJvm = new Thread(process::destroyForcibly, "stop-broker");
        Runtime.getRuntime().addShutdownHook(stopWithThisJvm);
    }

    /**
     * Starts a broker and waits until it answers.
     *
     * @param folder empty; holds the broker's data and its log
     * @throws IllegalStateException if it does not answer, with where its log is
     */
    public static LocalBroker start(Path folder) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        Path log = folder.resolve("broker.log");
        int port = freePort(ANY_PORT);
        int controllerPort = freePort(ANY_PORT);
        Path properties = Files.writeString(folder.resolve("server.properties"), configuration(folder, port, controllerPort));
        Process format = java(
                        log,
                        "kafka.tools.StorageTool",
                        "format",
                        "--standalone",
                        "-t",
                        Uuid.randomUuid().toString(),
                        "-c",
                        properties.toString())
                .start();
        if (format.waitFor() != 0) {
            throw new IllegalStateException("The broker's folder could not be formatted; see " + log);
        }
        LocalBroker broker = new LocalBroker(
                java(log, "kafka.Kafka", properties.toString()).start(), "127.0.0.1:" + port);
        try {
            broker.awaitAnswer(log);
            return broker;
        } catch (RuntimeException | InterruptedException e) {
            broker.close();
            throw e;
        }
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
    private static ProcessBuilder java(Path log, String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m", "-Xshare:auto"));
        String logging = System.getProperty("log4j2.configurationFile");
        if (logging != null) {
            command.add("-Dlog4j2.configurationFile=" + logging);
        }
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        return builder;
    }

    /** The port that is preferred, if nobody has it, or else any that is free. */
    static int freePort(int preferred) {
        try (ServerSocket socket = new ServerSocket(preferred, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            if (preferred == ANY_PORT) {
                throw new UncheckedIOException("This machine has no free port", e);
            }
            return freePort(ANY_PORT);
        }
    }

    private void awaitAnswer(Path log) throws InterruptedException {
        long end = System.nanoTime() + START_LIMIT.toNanos();
        try (Admin admin = admin()) {
            while (process.isAlive()) {
                try {
                    admin.describeCluster().nodes().get(1, TimeUnit.SECONDS);
                    return;
                } catch (ExecutionException | java.util.concurrent.TimeoutException notYet) {
                    if (System.nanoTime() > end) {
                        throw new IllegalStateException(
                                "The broker does not answer after " + START_LIMIT.toSeconds() + " s; see " + log, notYet);
                    }
                }
            }
        }
        throw new IllegalStateException("The broker ended with exit code " + process.exitValue() + "; see " + log);
    }

    private Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", bootstrapServers, "reconnect.backoff.max.ms", "200"));
    }

    /** Where clients find it. */
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
        } catch (ExecutionException e) {
            throw new IllegalStateException("The topics " + names + " could not be made", e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            Runtime.getRuntime().removeShutdownHook(stopWithThisJvm);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        } catch (IllegalStateException alreadyStopping) {
            // The hook runs or has run: it does the same.
        }
    }
}
