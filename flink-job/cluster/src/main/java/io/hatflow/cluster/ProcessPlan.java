package io.hatflow.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessSpec;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessUtils;
import org.apache.flink.runtime.util.config.memory.ProcessMemoryUtils;
import org.apache.flink.util.FileUtils;

/** How the processes of the cluster are started: their configuration files, JVM options and class paths. */
final class ProcessPlan {

    private static final String CLUSTER_ID = "aGF0Zmxvdy1jbHVzdGVyLQ";

    /** Above the longest transaction that Kafka allows by default. */
    private static final String EXPIRATION_MILLIS =
            Long.toString(Duration.ofMinutes(20).toMillis());

    private final ClusterSettings settings;
    private final Installation installation;
    private final Path configuration;

    ProcessPlan(ClusterSettings settings, Installation installation) throws IOException {
        this.settings = settings;
        this.installation = installation;
        this.configuration = Files.createDirectories(settings.home().resolve("conf"));
        Files.createDirectories(log(""));
        // What processes that were killed have left.
        FileUtils.deleteDirectory(temporary().toFile());
        Files.createDirectories(temporary());
        Files.createDirectories(settings.checkpoints());
        Files.writeString(
                configuration.resolve("config.yaml"),
                flinkOptions().entrySet().stream()
                        .map(option -> option.getKey() + ": \"" + option.getValue() + "\"\n")
                        .collect(Collectors.joining()));
    }

    private Path temporary() {
        return settings.home().resolve("tmp");
    }

    /** Where a process's output goes. */
    Path log(String name) {
        Path folder = settings.home().resolve("log");
        return name.isEmpty() ? folder : folder.resolve(name + ".log");
    }

    private Map<String, String> flinkOptions() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("jobmanager.rpc.address", "127.0.0.1");
        options.put("jobmanager.rpc.port", Integer.toString(settings.ports().rpc()));
        options.put("jobmanager.bind-host", "127.0.0.1");
        options.put("rest.address", "127.0.0.1");
        options.put("rest.bind-address", "127.0.0.1");
        options.put("rest.port", Integer.toString(settings.ports().web()));
        options.put("taskmanager.host", "127.0.0.1");
        options.put("taskmanager.bind-host", "127.0.0.1");
        options.put("taskmanager.numberOfTaskSlots", Integer.toString(settings.slots()));
        options.put("taskmanager.load-balance.mode", "SLOTS");
        options.put("taskmanager.memory.task.heap.size", "512m");
        // The model lives outside the heap.
        options.put("taskmanager.memory.task.off-heap.size", "1g");
        options.put("taskmanager.memory.managed.size", "0m");
        options.put("taskmanager.memory.network.min", "32m");
        options.put("taskmanager.memory.network.max", "64m");
        options.put("io.tmp.dirs", temporary().toString());
        options.put("web.tmpdir", temporary().toString());
        options.put("classloader.parent-first-patterns.additional", "ai.onnxruntime;ai.djl");
        options.put("rest.server.max-content-length", "1073741824");
        options.put("execution.checkpointing.storage", "filesystem");
        options.put(
                "execution.checkpointing.dir", settings.checkpoints().toUri().toString());
        options.put(
                "execution.checkpointing.savepoint-dir",
                settings.home().resolve("savepoints").toUri().toString());
        options.put("execution.checkpointing.num-retained", "3");
        // What Flink keeps of jobs that are over, an hour by default.
        options.put("completed-application-store.expiration-time", "5 min");
        options.put("jobstore.expiration-time", "300");
        options.put("blob.service.cleanup.interval", "300");
        // A checkpoint that fails is no reason to begin anew: nothing is committed before the next one.
        options.put("execution.checkpointing.tolerable-failed-checkpoints", "1000");
        options.put("restart-strategy.type", "exponential-delay");
        options.put("restart-strategy.exponential-delay.initial-backoff", "1 s");
        options.put("restart-strategy.exponential-delay.max-backoff", "10 s");
        options.put("restart-strategy.exponential-delay.reset-backoff-threshold", "1 min");
        // On a machine whose processors are busy, all takes longer.
        options.put("pekko.startup-timeout", "60 s");
        options.put("pekko.ask.timeout", "30 s");
        options.put("heartbeat.interval", "1 s");
        options.put("heartbeat.timeout", "10 s");
        options.put("taskmanager.slot.timeout", "5 s");
        options.putAll(settings.flink());
        return options;
    }

    ProcessBuilder broker() throws IOException {
        Path home = Files.createDirectories(settings.home().resolve("kafka"));
        Properties server = new Properties();
        server.put("process.roles", "broker,controller");
        server.put("node.id", "1");
        server.put(
                "listeners",
                "PLAINTEXT://127.0.0.1:" + settings.ports().kafka() + ",CONTROLLER://127.0.0.1:"
                        + settings.ports().controller());
        server.put(
                "advertised.listeners",
                "PLAINTEXT://127.0.0.1:" + settings.ports().kafka());
        server.put("controller.listener.names", "CONTROLLER");
        server.put(
                "controller.quorum.bootstrap.servers",
                "127.0.0.1:" + settings.ports().controller());
        server.put("log.dirs", home.resolve("data").toString());
        server.put("offsets.topic.replication.factor", "1");
        server.put("offsets.topic.num.partitions", "1");
        server.put("transaction.state.log.replication.factor", "1");
        server.put("transaction.state.log.min.isr", "1");
        server.put("transaction.state.log.num.partitions", "1");
        // By default, a broker remembers each of them for a week or a day, and a job's count upwards: docs/delivery.md
        server.put("transactional.id.expiration.ms", EXPIRATION_MILLIS);
        server.put("transaction.remove.expired.transaction.cleanup.interval.ms", "60000");
        server.put("producer.id.expiration.ms", EXPIRATION_MILLIS);
        server.put("producer.id.expiration.check.interval.ms", "60000");
        server.put("group.initial.rebalance.delay.ms", "0");
        server.put("auto.create.topics.enable", "false");
        server.put("message.max.bytes", Integer.toString(72 << 20));
        // Indexes are allocated at full size; the default takes 20 MB for each partition.
        server.put("log.index.size.max.bytes", Integer.toString(1 << 20));
        Path file = configuration.resolve("server.properties");
        try (var writer = Files.newBufferedWriter(file)) {
            server.store(writer, null);
        }
        return jvm(
                installation.broker(),
                List.of(
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        // Much of the time to its first answer is compiling.
                        "-XX:TieredStopAtLevel=1",
                        "-Dlog4j2.configurationFile=classpath:io/hatflow/broker/broker-log.properties"),
                List.of("io.hatflow.broker.BrokerProcess", file.toString(), CLUSTER_ID));
    }

    ProcessBuilder jobManager() {
        return jvm(
                installation.flink(),
                flinkJvm(List.of("-Xmx512m", "-XX:TieredStopAtLevel=1")),
                List.of(
                        EndsWithParent.class.getName(),
                        "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
                        "--configDir",
                        configuration.toString()));
    }

    /** The sizes of its memory come from the configuration by Flink's own rules, as its start script passes them. */
    ProcessBuilder taskManager(String name) {
        TaskExecutorProcessSpec memory =
                TaskExecutorProcessUtils.processSpecFromConfig(Configuration.fromMap(flinkOptions()));
        List<String> options = new ArrayList<>(List.of(
                ProcessMemoryUtils.generateJvmParametersStr(memory).trim().split("\\s+")));
        options.add("-Dhatflow.taskmanager=" + name);
        options.add("-XX:ErrorFile=" + log("crash-" + name + "-%p"));
        options.add("-XX:-CreateCoredumpOnCrash");
        options.addAll(settings.taskManagerOptions());
        List<String> command = new ArrayList<>(List.of(
                EndsWithParent.class.getName(),
                "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
                "--configDir",
                configuration.toString()));
        // As KeptProcess.id() has it.
        command.addAll(List.of("-D", "taskmanager.resource-id=" + name + "-" + KeptProcess.START));
        command.addAll(List.of(TaskExecutorProcessUtils.generateDynamicConfigsStr(memory)
                .trim()
                .split("\\s+")));
        String more = settings.taskManagerClassPath();
        ProcessBuilder builder =
                jvm(installation.flink() + (more.isEmpty() ? "" : ":" + more), flinkJvm(options), command);
        // So that the memory of a model that was closed goes back to the system: docs/delivery.md
        builder.environment().put("MALLOC_MMAP_THRESHOLD_", "131072");
        return builder;
    }

    private static List<String> flinkJvm(List<String> more) {
        Stream<String> opens = Stream.of("lang", "net", "nio", "time", "util", "util.concurrent")
                .map(each -> "--add-opens=java.base/java." + each + "=ALL-UNNAMED");
        Stream<String> own = Stream.of(
                "-XX:+UseSerialGC",
                "-Dlog4j2.configurationFile=classpath:io/hatflow/cluster/log.properties",
                // Pekko's own, which Flink's options do not reach: ten seconds are too few where processors are busy.
                "-Dpekko.remote.classic.startup-timeout=60s");
        return Stream.of(opens, own, more.stream()).flatMap(each -> each).toList();
    }

    /** The class path goes by the environment: ONNX Runtime 1.29 crashes where the command line is very long. */
    private ProcessBuilder jvm(String classPath, List<String> options, List<String> command) {
        List<String> all = new ArrayList<>();
        all.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        all.add("-Djava.io.tmpdir=" + temporary());
        all.addAll(options);
        all.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(all);
        builder.environment().put("CLASSPATH", classPath);
        // It would report its use to its maker.
        builder.environment().put("ORT_DISABLE_TELEMETRY", "1");
        return builder;
    }
}
