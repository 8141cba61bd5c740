package io.hatflow.cli.demo;

import io.hatflow.broker.LocalBroker;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.LabelledDocument;
import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.flink.pool.PooledClassifier;
import io.hatflow.job.ClassificationPipeline;
import io.hatflow.job.JobSettings;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.FileUtils;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * The whole path of a document on one machine: a broker, a Flink with its web page, the job as it runs on a cluster with
 * exactly-once events, the samples and two records that are no good, and what came out. A second job reads the same documents and says
 * which of them are garbled.
 *
 * @param qualityBundle a language model, of the second job; null for none
 * @param samples folder of {@code .txt} files
 * @param keep whether everything stays up at the end, until this JVM is stopped
 */
public record Demo(Path bundle, @Nullable Path qualityBundle, Path samples, boolean keep, PrintStream out) {

    private static final String INPUT = "documents";
    private static final String LABELLED = "labelled-documents";
    private static final String DEAD = "dead-letters";
    private static final String QUALITY = "text-quality";
    private static final String QUALITY_DEAD = "text-quality-dead-letters";
    private static final int FLINKS_USUAL_PORT = 8081;
    private static final Duration LIMIT = Duration.ofMinutes(30);

    /** Runs the demo; true if every record that was sent came out once. */
    public boolean run() throws Exception {
        Map<String, String> texts = texts();
        Path folder = Files.createTempDirectory("hatflow-demo");
        Thread cleaning = new Thread(() -> clean(folder), "clean-demo");
        Runtime.getRuntime().addShutdownHook(cleaning);
        checkBundle(bundle, "--bundle");
        if (qualityBundle != null) {
            checkBundle(qualityBundle, "--quality-bundle");
        }
        try (LocalBroker broker = startBroker(folder)) {
            say("Opening the model in " + bundle + " …");
            JobSettings settings = settings(broker, bundle, LABELLED, DEAD, folder.resolve("checkpoints"), webPort());
            try (PooledClassifier leased =
                    ClassifierPool.lease(settings.classify().classifier())) {
                say("Model " + leased.bundle().name() + ":" + leased.bundle().version() + " with "
                        + leased.bundle().labels().size() + " labels");
                if (qualityBundle == null) {
                    return run(broker, settings, null, texts);
                }
                JobSettings quality =
                        settings(broker, qualityBundle, QUALITY, QUALITY_DEAD, folder.resolve("quality"), 0);
                try (PooledClassifier language =
                        ClassifierPool.lease(quality.classify().classifier())) {
                    if (!language.bundle().isLanguageModel()) {
                        throw new IllegalArgumentException("The bundle " + qualityBundle
                                + " is not a language model, so it cannot say what is garbled; name the folder of one"
                                + " that is with --quality-bundle.");
                    }
                    return run(broker, settings, quality, texts);
                }
            }
        }
    }

    private boolean run(
            LocalBroker broker, JobSettings settings, @Nullable JobSettings quality, Map<String, String> texts)
            throws Exception {
        broker.createTopics(1, List.of(INPUT, LABELLED, DEAD, QUALITY, QUALITY_DEAD));
        say("Starting Flink and the job …");
        List<JobClient> jobs = new ArrayList<>();
        try {
            jobs.add(start(settings));
            if (quality != null) {
                jobs.add(start(quality));
            }
            boolean complete = follow(broker, jobs, texts);
            if (keep) {
                stay(broker, settings);
            }
            return complete;
        } finally {
            for (JobClient job : jobs) {
                stop(job);
            }
        }
    }

    /** Sends the samples and shows what the jobs answer, the second one what is garbled; true if every record came out once. */
    private boolean follow(LocalBroker broker, List<JobClient> jobs, Map<String, String> texts) throws Exception {
        send(broker, texts);
        int sent = texts.size() + 2;
        say(sent + " records sent: " + texts.size() + " documents, and two that cannot be used");
        long begun = System.nanoTime();
        DemoReport report = new DemoReport(out, texts);
        boolean complete;
        try (EventReader reader = new EventReader(broker.bootstrapServers(), LABELLED, DEAD)) {
            complete = reader.readUntil(sent, LIMIT, jobs.get(0).getJobExecutionResult(), this::progress);
            double seconds = (System.nanoTime() - begun) / 1e9;
            report.print(reader.labelled(), reader.deadLetters(), seconds);
        }
        if (jobs.size() > 1) {
            try (EventReader reader = new EventReader(broker.bootstrapServers(), QUALITY, QUALITY_DEAD)) {
                complete &= reader.readUntil(sent, LIMIT, jobs.get(1).getJobExecutionResult(), this::progress);
                report.printQuality(reader.labelled());
            }
        }
        if (!complete) {
            say("Not every record came out within " + LIMIT.toMinutes() + " min.");
        }
        return complete;
    }

    private static JobClient start(JobSettings settings) throws Exception {
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.createLocalEnvironmentWithWebUI(ClassificationPipeline.options(settings));
        environment.setParallelism(1);
        ClassificationPipeline.addTo(environment, settings);
        return environment.executeAsync(settings.name());
    }

    /** Before minutes are spent on starting things. */
    private static void checkBundle(Path bundle, String option) {
        if (!Files.isDirectory(bundle)) {
            throw new IllegalArgumentException(
                    "There is no model bundle at " + bundle + "; name the folder of one with " + option + ".");
        }
    }

    private Map<String, String> texts() throws IOException {
        if (!Files.isDirectory(samples)) {
            throw new IllegalArgumentException("There is no folder of samples at " + samples + ".");
        }
        Map<String, String> texts = new LinkedHashMap<>();
        try (Stream<Path> files = Files.list(samples)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".txt"))
                    .sorted()
                    .toList()) {
                texts.put(file.getFileName().toString(), Files.readString(file));
            }
        }
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("The folder " + samples + " holds no .txt file.");
        }
        return texts;
    }

    private LocalBroker startBroker(Path folder) throws IOException, InterruptedException {
        say("Starting a Kafka broker …");
        LocalBroker broker = LocalBroker.start(folder.resolve("kafka"));
        say("Kafka broker at " + broker.bootstrapServers());
        return broker;
    }

    /** Flink's usual port, or any that is free. */
    private static int webPort() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket usual = new ServerSocket(FLINKS_USUAL_PORT, 1, loopback)) {
            return usual.getLocalPort();
        } catch (IOException taken) {
            try (ServerSocket any = new ServerSocket(0, 1, loopback)) {
                return any.getLocalPort();
            }
        }
    }

    private static JobSettings settings(
            LocalBroker broker, Path bundle, String labelled, String deadLetters, Path checkpoints, int webPort) {
        return JobSettings.read(
                new String[] {
                    "--job.name=hatflow demo, " + bundle.getFileName(),
                    "--kafka.bootstrap-servers=" + broker.bootstrapServers(),
                    "--kafka.group-id=hatflow-demo-" + labelled,
                    "--kafka.input-topics=" + INPUT,
                    "--kafka.labelled-topic=" + labelled,
                    "--kafka.dead-letter-topic=" + deadLetters,
                    "--kafka.start-from=earliest",
                    "--model.bundle=" + bundle,
                    "--checkpoint.interval=1 s",
                    "--dead-letters.max-ratio=off",
                    "--flink.execution.checkpointing.dir=" + checkpoints.toUri(),
                    "--flink.rest.port=" + webPort,
                    "--flink.rest.address=127.0.0.1",
                    "--flink.rest.bind-address=127.0.0.1"
                },
                Map.of());
    }

    private static void send(LocalBroker broker, Map<String, String> texts)
            throws IOException, InterruptedException, ExecutionException {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            producer.send(record("not-avro", "These bytes are no Avro.".getBytes(StandardCharsets.UTF_8)))
                    .get();
            producer.send(record("empty-text", encoded("empty-text", ""))).get();
            for (Map.Entry<String, String> each : texts.entrySet()) {
                producer.send(record(each.getKey(), encoded(each.getKey(), each.getValue())))
                        .get();
            }
        }
    }

    private static ProducerRecord<byte[], byte[]> record(String key, byte[] value) {
        return new ProducerRecord<>(INPUT, key.getBytes(StandardCharsets.UTF_8), value);
    }

    private static byte[] encoded(String id, String text) throws IOException {
        ByteBuffer buffer =
                Document.newBuilder().setId(id).setText(text).build().toByteBuffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private void progress(List<LabelledDocument> labelled, List<DeadLetter> deadLetters) {
        say("… " + labelled.size() + " labelled, " + deadLetters.size() + " dead letters");
    }

    private void stay(LocalBroker broker, JobSettings settings) throws InterruptedException {
        String servers = broker.bootstrapServers();
        out.println();
        out.println("Everything stays up until Ctrl-C.");
        out.println("  Flink's page      http://127.0.0.1:"
                + settings.flinkOptions().get("rest.port"));
        out.println("  Kafka             " + servers + ", topics " + INPUT + ", " + LABELLED + ", " + DEAD
                + (qualityBundle == null ? "" : ", " + QUALITY));
        out.println("  send your own     deploy/hatflow send --bootstrap-servers " + servers + " FILE…");
        out.println("  read the events   deploy/hatflow read --bootstrap-servers " + servers + " --follow");
        out.println("  the dead letters  deploy/hatflow read --bootstrap-servers " + servers + " --dead-letters");
        new CountDownLatch(1).await();
    }

    private static void stop(JobClient job) throws InterruptedException {
        try {
            job.cancel().get();
            job.getJobExecutionResult().get();
        } catch (ExecutionException cancelled) {
            // Its result is that it was cancelled.
        }
    }

    private void say(String line) {
        out.println(line);
        out.flush();
    }

    /** The broker first, which would write on; it may not have heard of the end of this JVM. */
    private static void clean(Path folder) {
        ProcessHandle.current().children().forEach(child -> {
            child.destroyForcibly();
            child.onExit().join();
        });
        // Quietly: it lies in the folder of the command's own, which goes at the same time.
        FileUtils.deleteDirectoryQuietly(folder.toFile());
    }
}
