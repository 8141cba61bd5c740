package io.hatflow.job;

import static org.apache.kafka.common.IsolationLevel.READ_COMMITTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.hatflow.broker.LocalBroker;
import io.hatflow.job.JobRun.Answer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Topics by a pattern, those that come and go while the job runs, and events that go where their topic says. */
@ExtendWith(SharedBroker.class)
@Timeout(300)
class MatchedTopicsIT {

    static final String DELETED = "The topic … was deleted, with what was not read of it. Begin without a checkpoint at"
            + " kafka.start-from, or set kafka.lost-records to skip, to keep what is in flight and go on with the first record that is"
            + " there";

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        JobRun.cancelAll(flink);
    }

    private static void send(LocalBroker broker, String topic, byte[]... values) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (byte[] value : values) {
                producer.send(new ProducerRecord<>(topic, value)).get();
            }
        }
    }

    private static byte[] document(String id) {
        return Sent.encoded(id, "They agree to pay in thirty days.");
    }

    private static void delete(LocalBroker broker, String topic) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.deleteTopics(List.of(topic)).all().get();
            Awaitility.await().until(() -> !admin.listTopics().names().get().contains(topic));
        }
    }

    /** Of labelled documents their id, of dead letters where they come from. */
    private static List<String> named(List<Answer> answers) {
        return answers.stream()
                .map(answer -> answer.labelled() != null
                        ? answer.labelled().getDocumentId()
                        : "dead " + answer.provenance().getTopic())
                .toList();
    }

    private static void awaitNamed(JobRun run, String... names) {
        Awaitility.await().atMost(JobRun.LIMIT).untilAsserted(() -> assertThat(named(run.committed()))
                .containsExactlyInAnyOrder(names));
    }

    @Test
    void topicsThatAppearLaterAreReadFromTheirFirstRecord(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "appear");
        broker.createTopics(2, List.of("appear-eu-in", "disappear-eu-in"));
        send(broker, "disappear-eu-in", document("not matched"));
        send(broker, "appear-eu-in", document("before"));
        // Where reading begins is a matter of those that are there at the start.
        run.startLookingOften(null, "--kafka.input-topic-pattern=appear-.*-in", "--kafka.start-from=latest");
        Awaitility.await().atMost(JobRun.LIMIT).until(() -> {
            send(broker, "appear-eu-in", document("eu"));
            return !run.committed().isEmpty();
        });

        broker.createTopics(2, List.of("appear-us-in"));
        send(broker, "appear-us-in", document("us 1"), document("us 2"));

        Awaitility.await().atMost(JobRun.LIMIT).untilAsserted(() -> assertThat(named(run.committed()))
                .contains("us 1", "us 2")
                .doesNotContain("before", "not matched"));
    }

    @Test
    void aJobMayBeginBeforeItsTopicsAreThere(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "early");
        run.startLookingOften(null, "--kafka.input-topic-pattern=early-.*-in");

        broker.createTopics(1, List.of("early-a-in"));
        send(broker, "early-a-in", document("a"));

        awaitNamed(run, "a");
    }

    /** Where reading begins is a matter of those that are there at the start, and none was. */
    @Test
    void theFirstTopicToAppearIsReadFromItsFirstRecord(
            LocalBroker broker, @InjectMiniCluster MiniCluster flink, @TempDir Path savepoints) throws Exception {
        JobRun run = new JobRun(broker, "late");
        String[] flags = {"--kafka.input-topic-pattern=late-.*-in", "--kafka.start-from=latest"};
        JobClient job = run.startLookingOften(null, flags);
        JobRun.checkpoint(flink, job);
        // A job that goes on has begun, however soon it looks for topics.
        run.startLookingOften(JobRun.stop(job, savepoints), flags);

        broker.createTopics(1, List.of("late-a-in"));
        send(broker, "late-a-in", document("a"));

        awaitNamed(run, "a");
    }

    @Test
    void thereIsSomethingToCatchUpWith(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "nothing-there");
        JobClient job = run.startLookingOften(
                null,
                "--kafka.input-topic-pattern=nothing-.*-in",
                "--kafka.until=caught-up",
                "--flink.restart-strategy.type=none");

        assertThat(catchThrowable(() -> JobRun.awaitEnd(job)))
                .hasStackTraceContaining(
                        "No topic matches kafka.input-topic-pattern nothing-.*-in, so that there is nothing to catch up with");
    }

    /** Every topic that is written matches, too; if it were read, its events would be dead letters. */
    @Test
    void eventsGoWhereTheTopicOfTheirDocumentSays(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "follow");
        for (String topic : List.of("follow.a", "follow.b")) {
            broker.createTopics(JobRun.PARTITIONS, List.of(topic, topic + "-out", topic + "-bad"));
        }
        byte[] broken = "no document".getBytes(StandardCharsets.UTF_8);
        send(broker, "follow.a", document("a1"), document("a2"), broken);
        send(broker, "follow.b", document("b1"), broken, broken);
        run.startLookingOften(
                null,
                "--kafka.input-topic-pattern=follow\\..*",
                "--kafka.labelled-topic={topic}-out",
                "--kafka.dead-letter-topic={topic}-bad");

        Awaitility.await().atMost(JobRun.LIMIT).untilAsserted(() -> {
            assertThat(named(run.answers("follow.a-out", "follow.a-bad", READ_COMMITTED)))
                    .containsExactlyInAnyOrder("a1", "a2", "dead follow.a");
            assertThat(named(run.answers("follow.b-out", "follow.b-bad", READ_COMMITTED)))
                    .containsExactlyInAnyOrder("b1", "dead follow.b", "dead follow.b");
        });
        send(broker, "follow.a", document("a3"));
        Awaitility.await().atMost(JobRun.LIMIT).untilAsserted(() -> assertThat(
                        named(run.answers("follow.a-out", "follow.a-bad", READ_COMMITTED)))
                .containsExactlyInAnyOrder("a1", "a2", "a3", "dead follow.a"));
    }

    @Test
    void aTopicThatEventsShouldGoToAndThatIsNotThereIsNamed(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "no-output");
        JobClient job = run.startLookingOften(
                null,
                "--kafka.input-topic-pattern=no-output\\.in",
                "--kafka.labelled-topic={topic}-out",
                "--kafka.properties.max.block.ms=1000",
                "--flink.restart-strategy.type=none");
        broker.createTopics(1, List.of("no-output.in"));
        send(broker, "no-output.in", document("a"));

        assertThat(catchThrowable(() -> JobRun.awaitEnd(job)))
                .hasStackTraceContaining("The topic no-output.in-out is not there, where events are to go; make it");
    }

    @Test
    void aMatchedTopicThatIsDeletedEndsTheJobUnlessItMaySkip(LocalBroker broker, @TempDir Path savepoints)
            throws Exception {
        JobRun run = new JobRun(broker, "deleted");
        String pattern = "--kafka.input-topic-pattern=deleted-.*-in";
        broker.createTopics(1, List.of("deleted-a-in", "deleted-b-in"));
        send(broker, "deleted-a-in", document("a"));
        send(broker, "deleted-b-in", document("b"));
        JobClient job = run.startLookingOften(null, pattern);
        awaitNamed(run, "a", "b");
        String savepoint = JobRun.stop(job, savepoints);

        job = run.startLookingOften(savepoint, pattern);
        delete(broker, "deleted-b-in");
        JobRun.assertRefused(job, DELETED);
        JobRun.assertRefused(run.startLookingOften(savepoint, pattern), DELETED);

        run.startLookingOften(savepoint, pattern, "--kafka.lost-records=skip");
        send(broker, "deleted-a-in", document("a2"));
        awaitNamed(run, "a", "b", "a2");

        broker.createTopics(1, List.of("deleted-b-in"));
        send(broker, "deleted-b-in", document("b again"));
        awaitNamed(run, "a", "b", "a2", "b again");
    }
}
