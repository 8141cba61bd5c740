package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Provenance;
import io.hatflow.events.Reason;
import io.hatflow.job.demo.LocalBroker;
import io.hatflow.job.source.SourceRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole job with a real broker, a real mini cluster and a real model: every record of the input ends in exactly one
 * event. The failover also guards the set of Flink, connector and Kafka client: a transaction is resumed there by
 * reflection into the client.
 */
@Timeout(180)
class KafkaToKafkaIT {

    private static final int PARTITIONS = 2;

    private static @Nullable LocalBroker runningBroker;

    @BeforeAll
    static void startBroker(@TempDir Path folder) throws Exception {
        runningBroker = LocalBroker.start(folder);
    }

    @AfterAll
    static void stopBroker() {
        broker().close();
    }

    private static LocalBroker broker() {
        if (runningBroker == null) {
            throw new IllegalStateException("The broker was not started");
        }
        return runningBroker;
    }

    /** One run's own topics. */
    private static JobSettings settings(String run, String... more) throws InterruptedException {
        List<String> topics = List.of(run + "-in", run + "-labelled", run + "-dead");
        broker().createTopics(PARTITIONS, topics);
        List<String> flags = new ArrayList<>(List.of(
                "--kafka.bootstrap-servers=" + broker().bootstrapServers(),
                "--kafka.input-topics=" + topics.get(0),
                "--kafka.labelled-topic=" + topics.get(1),
                "--kafka.dead-letter-topic=" + topics.get(2),
                "--kafka.group-id=" + run,
                "--model.bundle=" + TinyBundle.PATH,
                "--model.inference-threads=1",
                "--checkpoint.interval=500 ms"));
        flags.addAll(List.of(more));
        return JobSettings.read(flags.toArray(String[]::new), Map.of());
    }

    /** On a mini cluster of its own, with a task for each input partition. */
    private static JobClient start(JobSettings settings, UnaryOperator<DataStream<SourceRecord>> afterSource)
            throws Exception {
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.createLocalEnvironment(PARTITIONS, ClassificationPipeline.options(settings));
        ClassificationPipeline.addTo(environment, settings, afterSource);
        return environment.executeAsync();
    }

    private static byte[] encoded(String id, String text) throws Exception {
        ByteBuffer buffer =
                Document.newBuilder().setId(id).setText(text).build().toByteBuffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static void send(String topic, List<byte @Nullable []> values) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker().bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (int i = 0; i < values.size(); i++) {
                byte[] key = ("key-" + i).getBytes(StandardCharsets.UTF_8);
                ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic, i % PARTITIONS, key, values.get(i));
                record.headers().add("trace", new byte[] {7});
                sent.add(producer.send(record));
            }
            for (Future<RecordMetadata> each : sent) {
                each.get();
            }
        }
    }

    private static List<byte @Nullable []> documents(int from, int count) throws Exception {
        List<byte @Nullable []> values = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            values.add(encoded("d" + i, "The parties agree on number " + i + ". Nothing else is said."));
        }
        return values;
    }

    /** Everything that a topic holds, for consumers of this isolation level. */
    private static List<ConsumerRecord<byte[], byte[]>> read(String topic, String isolation) {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker().bootstrapServers(), "isolation.level", isolation),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (int i = 0; i < PARTITIONS; i++) {
                partitions.add(new TopicPartition(topic, i));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.getOrDefault(each, 0L))) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
            return records;
        }
    }

    private static List<LabelledDocument> labelled(JobSettings settings) throws Exception {
        List<LabelledDocument> events = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : read(settings.sink().labelledTopic(), "read_committed")) {
            events.add(LabelledDocument.getDecoder().decode(record.value()));
        }
        return events;
    }

    private static List<DeadLetter> deadLetters(JobSettings settings) throws Exception {
        List<DeadLetter> events = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : read(settings.sink().deadLetterTopic(), "read_committed")) {
            events.add(DeadLetter.getDecoder().decode(record.value()));
        }
        return events;
    }

    private static String place(Provenance provenance) {
        return provenance.getPartition() + "@" + provenance.getOffset();
    }

    private static List<String> places(JobSettings settings) throws Exception {
        List<String> places = new ArrayList<>();
        labelled(settings).forEach(event -> places.add(place(event.getProvenance())));
        deadLetters(settings).forEach(event -> places.add(place(event.getProvenance())));
        return places;
    }

    private static List<String> allPlaces(int records) {
        List<String> places = new ArrayList<>();
        for (int i = 0; i < records; i++) {
            places.add(i % PARTITIONS + "@" + i / PARTITIONS);
        }
        return places;
    }

    @Test
    void everyRecordEndsInOneEventWhateverItHolds() throws Exception {
        JobSettings settings = settings("poison", "--kafka.until=caught-up", "--model.max-characters=1000");
        byte[] whole = encoded("whole", "A whole document.");
        byte[] unknownSchema = whole.clone();
        unknownSchema[5] ^= 0x55;
        byte[] notUtf8 = encoded("x", "text");
        notUtf8[11] = (byte) 0x80;
        Map<String, byte @Nullable []> poison = new TreeMap<>();
        poison.put("NULL_VALUE", null);
        poison.put("NOT_AVRO", "no Avro".getBytes(StandardCharsets.UTF_8));
        poison.put("UNKNOWN_SCHEMA", unknownSchema);
        poison.put("MALFORMED_DOCUMENT cut off", Arrays.copyOf(whole, whole.length - 5));
        poison.put("MALFORMED_DOCUMENT longer", Arrays.copyOf(whole, whole.length + 1));
        poison.put("MALFORMED_DOCUMENT no UTF-8", notUtf8);
        poison.put("INVALID_ID", encoded("", "text"));
        poison.put("EMPTY_TEXT", encoded("empty", " \n"));
        poison.put("TEXT_TOO_LONG", encoded("long", "long ".repeat(300)));
        List<byte @Nullable []> values = new ArrayList<>(documents(0, 20));
        values.addAll(poison.values());
        values.addAll(documents(20, 20));
        send("poison-in", values);

        start(settings, UnaryOperator.identity()).getJobExecutionResult().get(120, TimeUnit.SECONDS);

        assertThat(places(settings)).containsExactlyInAnyOrderElementsOf(allPlaces(values.size()));
        assertThat(labelled(settings)).hasSize(40).allSatisfy(event -> {
            assertThat(event.getLabels()).hasSize(3);
            assertThat(event.getProvenance().getTopic()).isEqualTo("poison-in");
        });
        assertThat(deadLetters(settings).stream()
                        .map(event -> event.getReason().name())
                        .sorted())
                .containsExactlyElementsOf(poison.keySet().stream()
                        .map(name -> name.split(" ", 2)[0])
                        .sorted()
                        .toList());
        for (DeadLetter event : deadLetters(settings)) {
            int sent = (int) event.getProvenance().getOffset() * PARTITIONS
                    + event.getProvenance().getPartition();
            byte[] value = values.get(sent);
            assertThat(event.getValue()).isEqualTo(value == null ? null : ByteBuffer.wrap(value));
            assertThat(event.getKey()).isEqualTo(ByteBuffer.wrap(("key-" + sent).getBytes(StandardCharsets.UTF_8)));
            assertThat(event.getHeaders()).hasSize(1);
        }
        assertThat(read("poison-dead", "read_committed")
                        .get(0)
                        .headers()
                        .lastHeader("__connect.errors.topic")
                        .value())
                .isEqualTo("poison-in".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void orderedEventsOfAPartitionKeepItsOrder() throws Exception {
        JobSettings settings = settings("order", "--kafka.until=caught-up");
        List<byte @Nullable []> values = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            values.add(
                    i % 7 == 0
                            ? "poison".getBytes(StandardCharsets.UTF_8)
                            : encoded("d" + i, "A sentence of the text. ".repeat(1 + 40 * (i % 3))));
        }
        send("order-in", values);

        start(settings, UnaryOperator.identity()).getJobExecutionResult().get(120, TimeUnit.SECONDS);

        assertThat(places(settings)).containsExactlyInAnyOrderElementsOf(allPlaces(60));
        Map<String, List<Long>> offsets = new TreeMap<>();
        for (ConsumerRecord<byte[], byte[]> record : read("order-labelled", "read_committed")) {
            Provenance source =
                    LabelledDocument.getDecoder().decode(record.value()).getProvenance();
            offsets.computeIfAbsent(source.getPartition() + " to " + record.partition(), unused -> new ArrayList<>())
                    .add(source.getOffset());
        }
        assertThat(offsets.values()).hasSizeGreaterThan(1).allSatisfy(each -> assertThat(each)
                .isSorted());
    }

    @Test
    void nothingIsLostOrDoubledWhenTheTaskFailsBeforeItsTransactionsAreCommitted() throws Exception {
        JobSettings settings = settings(
                "failover",
                "--flink.restart-strategy.type=fixed-delay",
                "--flink.restart-strategy.fixed-delay.attempts=3",
                "--flink.restart-strategy.fixed-delay.delay=100 ms");
        FailsAfterCheckpoint.reset(
                () -> read("failover-labelled", "read_uncommitted").size()
                        - read("failover-labelled", "read_committed").size());
        List<byte @Nullable []> values = new ArrayList<>(documents(0, 100));
        values.set(13, "poison".getBytes(StandardCharsets.UTF_8));
        send("failover-in", values);
        JobClient job = start(
                settings, records -> records.map(new FailsAfterCheckpoint()).returns(SourceRecord.class));

        assertThat(FailsAfterCheckpoint.FAILED.await(90, TimeUnit.SECONDS)).isTrue();
        send("failover-in", documents(100, 40));
        awaitEvents(settings, 140);
        job.cancel().get(60, TimeUnit.SECONDS);

        assertThat(places(settings)).containsExactlyInAnyOrderElementsOf(allPlaces(140));
        assertThat(FailsAfterCheckpoint.UNCOMMITTED)
                .as("events of the checkpoint's transactions when the task failed")
                .hasPositiveValue();
        assertThat(labelled(settings).stream().map(LabelledDocument::getEventId).distinct())
                .hasSize(139);
        assertThat(deadLetters(settings)).extracting(DeadLetter::getReason).containsExactly(Reason.NOT_AVRO);
    }

    @Test
    void atLeastOnceEventsOfOneRecordHaveOneId() throws Exception {
        JobSettings settings = settings(
                "least",
                "--kafka.guarantee=at-least-once",
                "--classify.order=unordered",
                "--flink.restart-strategy.type=fixed-delay",
                "--flink.restart-strategy.fixed-delay.attempts=3",
                "--flink.restart-strategy.fixed-delay.delay=100 ms");
        FailsAfterCheckpoint.reset(() -> 1);
        send("least-in", documents(0, 100));
        JobClient job = start(
                settings, records -> records.map(new FailsAfterCheckpoint()).returns(SourceRecord.class));
        assertThat(FailsAfterCheckpoint.FAILED.await(90, TimeUnit.SECONDS)).isTrue();
        awaitEvents(settings, 100);
        job.cancel().get(60, TimeUnit.SECONDS);

        Map<String, Set<String>> placesById = new HashMap<>();
        labelled(settings).forEach(event -> placesById
                .computeIfAbsent(event.getEventId(), id -> new java.util.HashSet<>())
                .add(place(event.getProvenance())));
        assertThat(placesById).hasSize(100).allSatisfy((id, places) -> assertThat(places)
                .hasSize(1));
    }

    private static void awaitEvents(JobSettings settings, int distinct) {
        org.awaitility.Awaitility.await()
                .atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> Set.copyOf(places(settings)).size() >= distinct);
    }

    /**
     * Fails once, when a checkpoint is complete but events that were written before it are not yet committed.
     */
    static final class FailsAfterCheckpoint extends RichMapFunction<SourceRecord, SourceRecord>
            implements CheckpointListener {

        private static final long serialVersionUID = 1L;

        static final AtomicInteger UNCOMMITTED = new AtomicInteger();
        static volatile Supplier<Integer> COUNT = () -> 0;
        static volatile CountDownLatch FAILED = new CountDownLatch(1);

        static void reset(Supplier<Integer> uncommitted) {
            COUNT = uncommitted;
            FAILED = new CountDownLatch(1);
        }

        @Override
        public SourceRecord map(SourceRecord record) {
            return record;
        }

        @Override
        public void notifyCheckpointComplete(long checkpointId) {
            if (FAILED.getCount() > 0) {
                int uncommitted = COUNT.get();
                if (uncommitted > 0) {
                    UNCOMMITTED.set(uncommitted);
                    FAILED.countDown();
                    throw new IllegalStateException("This is the failure of the test");
                }
            }
        }
    }
}
