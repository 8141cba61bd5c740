package io.hatflow.job;

import static org.apache.kafka.common.IsolationLevel.READ_COMMITTED;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.events.LabelledDocument;
import io.hatflow.job.JobRun.Answer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Topics that are not what they were when the checkpoint was taken: no record is skipped without a word. */
@ExtendWith(SharedBroker.class)
@Timeout(300)
class ChangedTopicsIT {

    private static final String DO =
            ". Begin without a checkpoint at kafka.start-from, or set kafka.lost-records to skip, to keep what is in flight and go"
                    + " on with the first record that is there";
    private static final String AGAIN =
            "The topic … was deleted and made again, so that the offsets of the checkpoint mean nothing there" + DO;
    private static final String GONE =
            "The record of … at offset …, which is the next to read, is gone: it was deleted, by retention or by hand, or the brokers"
                    + " have lost it…" + DO;
    private static final String OTHER_END =
            "The checkpoint is that of a job with kafka.until: …; expected the same setting in the job that continues from it";

    private static final String[] SKIP = {"--kafka.lost-records=skip"};

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        JobRun.cancelAll(flink);
    }

    /** Sends documents to the first partition of a topic. */
    private static void send(LocalBroker broker, String topic, String name, int count) throws Exception {
        send(broker, topic, 0, name, count);
    }

    private static void send(LocalBroker broker, String topic, int partition, String name, int count) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (int i = 0; i < count; i++) {
                producer.send(new ProducerRecord<>(
                                topic, partition, null, Sent.encoded(name + i, "They agree to pay in thirty days.")))
                        .get();
            }
        }
    }

    private static String[] names(String name, int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> name + i).toArray(String[]::new);
    }

    private static List<String> ids(List<Answer> answers) {
        return answers.stream()
                .map(Answer::labelled)
                .map(Objects::requireNonNull)
                .map(LabelledDocument::getDocumentId)
                .toList();
    }

    private static void awaitIds(JobRun run, String[]... ids) {
        String[] all = Stream.of(ids).flatMap(Stream::of).toArray(String[]::new);
        run.await(READ_COMMITTED, answers -> answers.size() >= all.length);
        Awaitility.await().untilAsserted(() -> assertThat(ids(run.committed())).containsExactlyInAnyOrder(all));
    }

    private static Admin admin(LocalBroker broker) {
        return Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    private static void makeAgain(LocalBroker broker, String topic, int partitions) throws Exception {
        try (Admin admin = admin(broker)) {
            admin.deleteTopics(List.of(topic)).all().get();
            Awaitility.await().until(() -> !admin.listTopics().names().get().contains(topic));
        }
        broker.createTopics(partitions, List.of(topic));
    }

    private static void deleteRecords(LocalBroker broker, String topic, long before) throws Exception {
        try (Admin admin = admin(broker)) {
            admin.deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(before)))
                    .all()
                    .get();
        }
    }

    /** A job that has answered eight documents, and its savepoint. */
    private static String stopAfterEight(LocalBroker broker, JobRun run, Path savepoints, String... more)
            throws Exception {
        send(broker, run.inputTopic(), "a", 8);
        JobClient job = run.startLookingOften(null, more);
        awaitIds(run, names("a", 0, 8));
        return JobRun.stop(job, savepoints);
    }

    @Test
    void aTopicThatIsTakenOutIsNotReadUntilItIsPutInAgain(LocalBroker broker, @TempDir Path savepoints)
            throws Exception {
        JobRun run = new JobRun(broker, "taken-out");
        String other = "taken-out-other";
        broker.createTopics(1, List.of(other));
        String both = "--kafka.input-topics=" + run.inputTopic() + "," + other;
        send(broker, other, "o", 3);
        send(broker, run.inputTopic(), "a", 8);
        JobClient job = run.startLookingOften(null, both);
        awaitIds(run, names("a", 0, 8), names("o", 0, 3));
        String savepoint = JobRun.stop(job, savepoints);

        send(broker, other, "later", 3);
        send(broker, run.inputTopic(), "b", 3);
        job = run.startLookingOften(savepoint);
        awaitIds(run, names("a", 0, 8), names("o", 0, 3), names("b", 0, 3));
        savepoint = JobRun.stop(job, savepoints);
        awaitIds(run, names("a", 0, 8), names("o", 0, 3), names("b", 0, 3));

        run.startLookingOften(savepoint, both);
        awaitIds(run, names("a", 0, 8), names("o", 0, 3), names("b", 0, 3), names("later", 0, 3));
    }

    @Test
    void aTopicThatWasMadeAgainWhileTheJobWasDownIsRefused(LocalBroker broker, @TempDir Path savepoints)
            throws Exception {
        JobRun run = new JobRun(broker, "made-again");
        String savepoint = stopAfterEight(broker, run, savepoints);
        makeAgain(broker, run.inputTopic(), JobRun.PARTITIONS);
        send(broker, run.inputTopic(), "b", 12);

        JobRun.assertRefused(run.startLookingOften(savepoint), AGAIN);

        awaitIds(run, names("a", 0, 8));
        run.startLookingOften(savepoint, SKIP);
        awaitIds(run, names("a", 0, 8), names("b", 0, 12));
    }

    @Test
    void aTopicThatWasMadeAgainWithFewerPartitionsIsRefused(LocalBroker broker, @TempDir Path savepoints)
            throws Exception {
        JobRun run = new JobRun(broker, "fewer-partitions");
        String savepoint = stopAfterEight(broker, run, savepoints);
        makeAgain(broker, run.inputTopic(), 1);
        send(broker, run.inputTopic(), "b", 3);

        JobRun.assertRefused(run.startLookingOften(savepoint), AGAIN);

        run.startLookingOften(savepoint, SKIP);
        awaitIds(run, names("a", 0, 8), names("b", 0, 3));
    }

    @Test
    void aTopicThatIsMadeAgainWhileTheJobRunsIsNoticed(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "made-again-running");
        send(broker, run.inputTopic(), "a", 8);
        // While there is no topic the job restarts, and how long that takes is the broker's business.
        JobClient job =
                run.startLookingOften(null, "--flink.restart-strategy.fixed-delay.attempts=" + Integer.MAX_VALUE);
        awaitIds(run, names("a", 0, 8));

        makeAgain(broker, run.inputTopic(), JobRun.PARTITIONS);
        send(broker, run.inputTopic(), "b", 12);

        JobRun.assertRefused(job, AGAIN);
    }

    @Test
    void recordsThatRetentionRemovedWhileTheJobWasDownAreMissed(LocalBroker broker, @TempDir Path savepoints)
            throws Exception {
        JobRun run = new JobRun(broker, "removed");
        String savepoint = stopAfterEight(broker, run, savepoints);
        send(broker, run.inputTopic(), "b", 5);
        deleteRecords(broker, run.inputTopic(), 11);

        JobRun.assertRefused(run.startLookingOften(savepoint), GONE);

        run.startLookingOften(savepoint, SKIP);
        awaitIds(run, names("a", 0, 8), names("b", 3, 5));
    }

    @Test
    void recordsThatAreAnsweredMayBeRemoved(LocalBroker broker, @TempDir Path savepoints) throws Exception {
        JobRun run = new JobRun(broker, "removed-after");
        String savepoint = stopAfterEight(broker, run, savepoints);
        deleteRecords(broker, run.inputTopic(), 8);

        run.startLookingOften(savepoint);
        send(broker, run.inputTopic(), "b", 2);
        awaitIds(run, names("a", 0, 8), names("b", 0, 2));
    }

    @Test
    void aCommittedOffsetWhoseRecordIsGoneIsRefused(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "committed-gone");
        send(broker, run.inputTopic(), "a", 8);
        try (Admin admin = admin(broker)) {
            admin.alterConsumerGroupOffsets(
                            "committed-gone", Map.of(new TopicPartition(run.inputTopic(), 0), new OffsetAndMetadata(2)))
                    .all()
                    .get();
        }
        deleteRecords(broker, run.inputTopic(), 5);

        JobRun.assertRefused(run.startLookingOften(null), GONE);

        run.startLookingOften(null, "--kafka.start-from=earliest");
        awaitIds(run, names("a", 5, 8));
    }

    @Test
    void aJobWithoutACheckpointBeginsAtTheCommittedOffsets(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "committed-there");
        send(broker, run.inputTopic(), "a", 8);
        send(broker, run.inputTopic(), 1, "b", 2);
        try (Admin admin = admin(broker)) {
            admin.alterConsumerGroupOffsets(
                            "committed-there",
                            Map.of(new TopicPartition(run.inputTopic(), 0), new OffsetAndMetadata(6)))
                    .all()
                    .get();
        }

        run.startLookingOften(null);

        awaitIds(run, names("a", 6, 8), names("b", 0, 2));
    }

    @Test
    void partitionsThatAreAddedAreReadAfterTheInterval(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "added-partitions");
        send(broker, run.inputTopic(), "a", 2);
        run.startLookingOften(null);
        awaitIds(run, names("a", 0, 2));

        try (Admin admin = admin(broker)) {
            admin.createPartitions(Map.of(run.inputTopic(), NewPartitions.increaseTo(JobRun.PARTITIONS + 1)))
                    .all()
                    .get();
        }
        send(broker, run.inputTopic(), JobRun.PARTITIONS, "b", 2);

        awaitIds(run, names("a", 0, 2), names("b", 0, 2));
    }

    @Test
    void aJobThatCatchesUpDoesNotGoOnFromOneThatDoesNot(LocalBroker broker, @TempDir Path savepoints) throws Exception {
        JobRun run = new JobRun(broker, "other-end");
        String savepoint = stopAfterEight(broker, run, savepoints);

        JobRun.assertRefused(run.startLookingOften(savepoint, "--kafka.until=caught-up"), OTHER_END);
    }

    @Test
    void thePageOnTroublesExplainsThem() {
        TroubleshootingPage.assertExplains(
                "Topics that have changed", Stream.of(AGAIN, MatchedTopicsIT.DELETED, GONE, OTHER_END));
    }
}
