package io.hatflow.benchmarks.kafka;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.broker.LocalBroker;
import io.hatflow.job.ClassificationPipeline;
import io.hatflow.job.JobSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Our job on Flink's mini cluster in this JVM, with the settings that it has out of the box, a broker in a process of its own, and
 * topics of its own, the one for documents with a partition for each task. Events are read uncommitted, so that they show when they are written and not when the next
 * checkpoint ends. One thread sends and awaits; another takes the time of what arrives.
 */
public final class RunningPipeline implements AutoCloseable {

    private static final Duration SILENCE_LIMIT = Duration.ofMinutes(10);

    private final String inputTopic;
    private final WireFormat format;
    private final String deadLetterTopic;
    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final LinkedBlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
    private final JobClient job;
    private final CompletableFuture<?> jobResult;
    private final List<String> deadLetters = new ArrayList<>();

    private RunningPipeline(LocalBroker broker, String name, WireFormat format, int tasks, JobSettings settings)
            throws Exception {
        this.inputTopic = name + "-documents";
        this.format = format;
        String labelledTopic = settings.sink().topics().labelled().of(inputTopic);
        this.deadLetterTopic = settings.sink().topics().deadLetters().of(inputTopic);
        broker.createTopics(tasks, List.of(inputTopic));
        broker.createTopics(1, List.of(labelledTopic, deadLetterTopic));
        this.producer = new KafkaProducer<>(
                // A sender that collects records before it sends them would add its own waiting to every latency.
                Map.of("bootstrap.servers", broker.bootstrapServers(), "linger.ms", "0"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        this.consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_uncommitted"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        List<TopicPartition> outputs =
                List.of(new TopicPartition(labelledTopic, 0), new TopicPartition(deadLetterTopic, 0));
        consumer.assign(outputs);
        consumer.seekToBeginning(outputs);
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.createLocalEnvironment(tasks, ClassificationPipeline.options(settings));
        ClassificationPipeline.addTo(environment, settings);
        this.job = environment.executeAsync(settings.name());
        this.jobResult = job.getJobExecutionResult();
        Thread reader = new Thread(this::read, "benchmark-events");
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts the job; its first documents will find it still starting.
     *
     * @param name of its topics, which must not exist
     * @param folder for checkpoints
     * @param format in which documents are sent
     * @param more settings of the job, in which it differs from what it is out of the box
     */
    public static RunningPipeline start(
            LocalBroker broker,
            Path folder,
            String name,
            Path bundle,
            Resources resources,
            WireFormat format,
            String... more)
            throws Exception {
        // Flink's default, the JobManager's heap, takes 5 MB of documents in flight and no more.
        Path checkpoints = Files.createDirectories(folder.resolve(name));
        List<String> arguments = new ArrayList<>(List.of(more));
        arguments.addAll(format.settings());
        arguments.add("--flink.execution.checkpointing.dir=" + checkpoints.toUri());
        JobSettings settings = DefaultSettings.of(
                name, broker.bootstrapServers(), bundle, resources, arguments.toArray(String[]::new));
        return new RunningPipeline(broker, name, format, resources.tasks(), settings);
    }

    private void read() {
        try {
            while (true) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    long now = System.nanoTime();
                    String id = new String(record.key(), StandardCharsets.UTF_8);
                    if (record.topic().equals(deadLetterTopic)) {
                        synchronized (deadLetters) {
                            deadLetters.add(id);
                        }
                    } else {
                        arrivals.add(new Arrival(id, now, record.value()));
                    }
                }
            }
        } catch (WakeupException closing) {
            consumer.close();
        }
    }

    /** Flink's id of the job. */
    public String jobId() {
        return job.getJobID().toString();
    }

    /** A document as it is sent. */
    public ProducerRecord<byte[], byte[]> record(Document document) {
        byte[] key = document.id().getBytes(StandardCharsets.UTF_8);
        return new ProducerRecord<>(inputTopic, key, format.value().apply(document));
    }

    /** Hands a document to Kafka's client, which sends it at once. */
    public void send(ProducerRecord<byte[], byte[]> document) {
        var unused = producer.send(document);
    }

    /**
     * Takes the next events.
     *
     * @throws IllegalStateException if the job fails or refuses a document, or nothing comes for ten minutes
     */
    public List<Arrival> await(int count) throws InterruptedException, ExecutionException {
        List<Arrival> taken = new ArrayList<>();
        long silentSince = System.nanoTime();
        while (taken.size() < count) {
            Arrival arrival = arrivals.poll(200, TimeUnit.MILLISECONDS);
            if (arrival != null) {
                taken.add(arrival);
                silentSince = System.nanoTime();
                continue;
            }
            if (jobResult.isDone()) {
                Object ended = jobResult.get();
                throw new IllegalStateException("The job ended while its events were awaited: " + ended);
            }
            synchronized (deadLetters) {
                if (!deadLetters.isEmpty()) {
                    throw new IllegalStateException("Dead letters, expected none: " + deadLetters);
                }
            }
            if (System.nanoTime() - silentSince > SILENCE_LIMIT.toNanos()) {
                throw new IllegalStateException("No event came for " + SILENCE_LIMIT.toMinutes() + " minutes; "
                        + taken.size() + " of " + count + " are there");
            }
        }
        return taken;
    }

    /** Sends documents at once and awaits their events. */
    public List<Arrival> classify(List<ProducerRecord<byte[], byte[]>> documents)
            throws InterruptedException, ExecutionException {
        documents.forEach(this::send);
        return await(documents.size());
    }

    /** Sends a document and awaits its event: the milliseconds from then on, on the clock of {@link System#nanoTime()}. */
    public double millis(Document document, long since) throws InterruptedException, ExecutionException {
        return (classify(List.of(record(document))).get(0).nanos() - since) / 1e6;
    }

    @Override
    public void close() {
        try {
            job.cancel().join();
            Object unused = jobResult.join();
        } catch (CompletionException cancelled) {
            // Its result is that it was cancelled.
        }
        consumer.wakeup(); // its thread closes it
        producer.close();
    }
}
