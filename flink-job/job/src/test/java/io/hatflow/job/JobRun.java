package io.hatflow.job;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.hatflow.broker.LocalBroker;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Provenance;
import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.job.kafka.KafkaRefusal;
import io.hatflow.job.registry.RegisteredSchemas;
import io.hatflow.job.sink.EventDecoder;
import io.hatflow.job.source.SourceRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.CheckpointType;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.checkpoint.CheckpointException;
import org.apache.flink.runtime.client.JobStatusMessage;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.ExceptionUtils;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * The job on topics of its own: what a test sends to it, how it starts and stops it, and what it has answered. Not
 * thread-safe.
 */
public final class JobRun {

    static final int PARTITIONS = 3;

    /** The bundle that the job runs: random weights, all stages. */
    static final Path BUNDLE = Path.of("../inference/src/test/resources/bundles/tiny-segments");

    /** For everything that another process does; ends a test that hangs, and is never waited for otherwise. */
    public static final Duration LIMIT = Duration.ofMinutes(2);

    private final LocalBroker broker;
    private final String serversOfTheJob;
    private final String name;
    private final Map<Place, Sent> sent = new HashMap<>();
    private @Nullable RegisteredSchemas schemas;

    /** Where a record is in the input topic. */
    public record Place(int partition, long offset) {
        static Place of(Provenance provenance) {
            return new Place(provenance.getPartition(), provenance.getOffset());
        }
    }

    /** One event of an output topic; one of the two is null. */
    public record Answer(
            ConsumerRecord<byte[], byte[]> record,
            @Nullable LabelledDocument labelled,
            @Nullable DeadLetter deadLetter) {

        Provenance provenance() {
            return labelled != null ? labelled.getProvenance() : dead().getProvenance();
        }

        Place place() {
            return Place.of(provenance());
        }

        String eventId() {
            return labelled != null ? labelled.getEventId() : dead().getEventId();
        }

        DeadLetter dead() {
            if (deadLetter == null) {
                throw new IllegalStateException("Not a dead letter: " + labelled);
            }
            return deadLetter;
        }

        @Override
        public String toString() {
            return (labelled != null ? "labelled " : dead().getReason() + " ") + place();
        }
    }

    /** Makes the topics. */
    public JobRun(LocalBroker broker, String name) throws InterruptedException {
        this(broker, broker.bootstrapServers(), name);
    }

    /** Makes the topics for a job that reaches the broker by another listener than the test does. */
    JobRun(LocalBroker broker, String serversOfTheJob, String name) throws InterruptedException {
        this.broker = broker;
        this.serversOfTheJob = serversOfTheJob;
        this.name = name;
        broker.createTopics(PARTITIONS, List.of(inputTopic(), labelledTopic(), deadLetterTopic()));
    }

    String inputTopic() {
        return name + "-documents";
    }

    String labelledTopic() {
        return name + "-labelled";
    }

    String deadLetterTopic() {
        return name + "-dead-letters";
    }

    /** The settings of this run, but what others say, each as {@code --key=value}. */
    JobSettings settings(String... more) {
        return JobSettings.read(flags(more).toArray(String[]::new), Map.of());
    }

    /** The flags of {@link #settings}. */
    public List<String> flags(String... more) {
        Stream<String> own = Stream.of(
                "--job.name=" + name,
                "--kafka.bootstrap-servers=" + serversOfTheJob,
                "--kafka.input-topics=" + inputTopic(),
                "--kafka.labelled-topic=" + labelledTopic(),
                "--kafka.dead-letter-topic=" + deadLetterTopic(),
                "--kafka.group-id=" + name,
                "--model.bundle=" + BUNDLE,
                "--model.inference-threads=1",
                "--flink.restart-strategy.type=fixed-delay",
                "--flink.restart-strategy.fixed-delay.attempts=20",
                "--flink.restart-strategy.fixed-delay.delay=100 ms");
        return Stream.concat(
                        own.filter(flag -> Arrays.stream(more).noneMatch(other -> key(other)
                                .replace("topic-pattern", "topics")
                                .equals(key(flag)))),
                        Arrays.stream(more))
                .toList();
    }

    private static String key(String flag) {
        return flag.substring(0, flag.indexOf('='));
    }

    /** Starts the job. */
    JobClient start(JobSettings settings, int parallelism) throws Exception {
        return start(settings, parallelism, null, UnaryOperator.identity());
    }

    /**
     * Starts the job.
     *
     * @param savepoint to start from, or null
     */
    JobClient start(
            JobSettings settings,
            int parallelism,
            @Nullable String savepoint,
            UnaryOperator<DataStream<SourceRecord>> afterSource)
            throws Exception {
        Configuration options = ClassificationPipeline.options(settings);
        if (savepoint != null) {
            options.set(StateRecoveryOptions.SAVEPOINT_PATH, savepoint);
        }
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(options);
        environment.setParallelism(parallelism);
        ClassificationPipeline.addTo(environment, settings, afterSource);
        return environment.executeAsync(settings.name());
    }

    /** Starts the job, which looks for topics and takes checkpoints several times in a second; flags as for {@link #settings}. */
    JobClient startLookingOften(@Nullable String savepoint, String... more) throws Exception {
        String[] flags = Stream.concat(
                        Stream.of("--checkpoint.interval=300 ms", "--kafka.partition-discovery-interval=300 ms"),
                        Stream.of(more))
                .toArray(String[]::new);
        return start(settings(flags), 2, savepoint, UnaryOperator.identity());
    }

    /** What the job ends with, without having been restarted for it. */
    static void assertRefused(JobClient job, String sentence) {
        Throwable failure = catchThrowable(() -> awaitEnd(job));
        assertThat(ExceptionUtils.findThrowable(failure, KafkaRefusal.class)
                        .orElseThrow(() -> new AssertionError("There is no refusal in it", failure)))
                .message()
                .matches(TroubleshootingPage.pattern(sentence));
    }

    /** Lets the job take a checkpoint and waits until that is complete. Flink refuses while not all tasks run. */
    static void checkpoint(MiniCluster flink, JobClient job) {
        Awaitility.await()
                .atMost(LIMIT)
                .ignoreExceptionsMatching(e -> ExceptionUtils.findThrowable(e, CheckpointException.class)
                        .isPresent())
                .until(() -> flink.triggerCheckpoint(job.getJobID(), CheckpointType.FULL)
                                .get(LIMIT.toSeconds(), TimeUnit.SECONDS)
                        > 0);
    }

    /** Stops the job with a savepoint, waits until its tasks are gone, and says where the savepoint is. */
    static String stop(JobClient job, Path savepoints) throws Exception {
        String savepoint = job.stopWithSavepoint(false, savepoints.toUri().toString(), SavepointFormatType.CANONICAL)
                .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        awaitEnd(job);
        return savepoint;
    }

    static void awaitEnd(JobClient job) throws Exception {
        job.getJobExecutionResult().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    /** Ends whatever a test that failed has left running, so that the next one has its slots. */
    static void cancelAll(MiniCluster flink) throws Exception {
        for (JobStatusMessage job : flink.listJobs().get(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            if (!job.getJobState().isGloballyTerminalState()) {
                flink.cancelJob(job.getJobId()).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
                flink.requestJobResult(job.getJobId()).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            }
        }
    }

    /** Sends records, in their order, and waits until the broker has them. */
    public void send(List<Sent> records) throws InterruptedException, ExecutionException, TimeoutException {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of(
                        "bootstrap.servers",
                        broker.bootstrapServers(),
                        "max.request.size",
                        64 << 20,
                        "buffer.memory",
                        64L << 20),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            List<Future<RecordMetadata>> written = new ArrayList<>();
            for (Sent each : records) {
                ProducerRecord<byte[], byte[]> record =
                        new ProducerRecord<>(inputTopic(), each.partition(), each.keyBytes(), each.value());
                each.headers().forEach(record.headers()::add);
                written.add(producer.send(record));
            }
            for (int i = 0; i < records.size(); i++) {
                RecordMetadata place = written.get(i).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
                sent.put(new Place(place.partition(), place.offset()), records.get(i));
            }
        }
    }

    /** Where events are in Confluent's form, this knows their schemas. */
    void readWith(RegisteredSchemas schemas) {
        this.schemas = schemas;
    }

    /** Everything that was sent, by where it is. */
    public Map<Place, Sent> sent() {
        return sent;
    }

    /** What the job has answered, for consumers of this isolation level. */
    List<Answer> answers(IsolationLevel isolation) throws IOException {
        return answers(labelledTopic(), deadLetterTopic(), isolation);
    }

    /** What a job has answered to two topics. */
    List<Answer> answers(String labelledTopic, String deadLetterTopic, IsolationLevel isolation) throws IOException {
        EventDecoder<LabelledDocument> labelled = new EventDecoder<>(LabelledDocument.class, schemas);
        EventDecoder<DeadLetter> deadLetters = new EventDecoder<>(DeadLetter.class, schemas);
        List<Answer> answers = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : read(labelledTopic, isolation)) {
            answers.add(new Answer(record, labelled.decode(record.value()), null));
        }
        for (ConsumerRecord<byte[], byte[]> record : read(deadLetterTopic, isolation)) {
            answers.add(new Answer(record, null, deadLetters.decode(record.value())));
        }
        return answers;
    }

    List<Answer> committed() throws IOException {
        return answers(IsolationLevel.READ_COMMITTED);
    }

    private List<ConsumerRecord<byte[], byte[]>> read(String topic, IsolationLevel isolation) {
        Map<String, Object> properties = Map.of(
                "bootstrap.servers",
                broker.bootstrapServers(),
                "isolation.level",
                isolation.name().toLowerCase(Locale.ROOT));
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = IntStream.range(0, PARTITIONS)
                    .mapToObj(partition -> new TopicPartition(topic, partition))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
            return records;
        }
    }

    /** Waits until the answers are as they should be. */
    public List<Answer> await(IsolationLevel isolation, Predicate<List<Answer>> expected) {
        return Awaitility.await()
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> answers(isolation), expected);
    }

    /** What the answers answer. */
    static Set<Place> places(List<Answer> answers) {
        return answers.stream().map(Answer::place).collect(Collectors.toSet());
    }

    /** Every record that was sent has exactly one answer, which belongs to its trace, and no two answers have one id. */
    public void assertExactlyOneAnswerForEveryRecord() throws IOException {
        List<Answer> answers = committed();
        assertThat(answers).extracting(Answer::place).containsExactlyInAnyOrderElementsOf(sent.keySet());
        assertThat(answers).extracting(Answer::eventId).doesNotHaveDuplicates();
        assertThat(answers).allSatisfy(answer -> assertThat(
                        Sent.trace(answer.record().headers()))
                .isEqualTo(Sent.trace(requireNonNull(sent.get(answer.place())).headers())));
    }

    /** No classifier is open, and no transaction of the job is. */
    void assertNothingIsLeftOpen() throws InterruptedException, ExecutionException {
        // Flink lets go of a job shortly after it has said that it ended.
        Awaitility.await().atMost(LIMIT).untilAsserted(() -> assertThat(ClassifierPool.open())
                .as("classifiers left open")
                .isZero());
        ListTransactionsOptions unended = new ListTransactionsOptions()
                .filterStates(Set.of(
                        TransactionState.ONGOING, TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            // The broker ends a transaction shortly after it has said so.
            Awaitility.await().atMost(LIMIT).untilAsserted(() -> assertThat(
                            admin.listTransactions(unended).all().get())
                    .extracting(TransactionListing::transactionalId)
                    .filteredOn(id -> id.startsWith(name + "-"))
                    .as("transactions left open")
                    .isEmpty());
        }
    }

    public static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
