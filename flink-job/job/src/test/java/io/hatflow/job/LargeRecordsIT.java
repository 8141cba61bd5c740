package io.hatflow.job;

import static org.apache.kafka.common.IsolationLevel.READ_COMMITTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.hatflow.broker.LocalBroker;
import io.hatflow.job.kafka.KafkaRefusal;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.ExceptionUtils;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Records of many megabytes that become dead letters, which are larger still. */
@ExtendWith(SharedBroker.class)
@Timeout(300)
class LargeRecordsIT {

    private static final String TOPIC_TAKES_LESS =
            "An event for the topic … has … bytes, expected at most …: a dead letter holds its whole record and more. Raise"
                    + " max.message.bytes of the topic (kafka-configs --alter --topic …), and start from the last checkpoint";
    private static final String PRODUCER_TAKES_LESS =
            "An event for the topic … has … bytes, expected at most …: a dead letter holds its whole record and more. Raise"
                    + " kafka.properties.max.request.size and kafka.properties.buffer.memory, and start from the last checkpoint";

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(1)
            .build());

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        JobRun.cancelAll(flink);
    }

    /** Bytes that no compression makes fewer. */
    private static byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        new Random(7).nextBytes(noise);
        return noise;
    }

    private static JobClient start(JobRun run, String... more) throws Exception {
        return run.start(
                run.settings(Stream.concat(Stream.of("--checkpoint.interval=500 ms"), Stream.of(more))
                        .toArray(String[]::new)),
                1);
    }

    private static void limit(LocalBroker broker, String topic, int bytes) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.incrementalAlterConfigs(Map.of(
                            new ConfigResource(ConfigResource.Type.TOPIC, topic),
                            List.of(new AlterConfigOp(
                                    new ConfigEntry("max.message.bytes", Integer.toString(bytes)),
                                    AlterConfigOp.OpType.SET))))
                    .all()
                    .get();
        }
    }

    private static void assertRefused(JobClient job, String sentence) {
        Throwable failure = catchThrowable(() -> JobRun.awaitEnd(job));
        assertThat(ExceptionUtils.findThrowable(failure, KafkaRefusal.class)
                        .orElseThrow(() -> new AssertionError("There is no refusal in it", failure)))
                .message()
                .matches(TroubleshootingPage.pattern(sentence));
    }

    @Test
    void recordsLargerThanAProducersUsualBufferBecomeDeadLetters(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "large");
        run.send(List.of(
                new Sent(0, null, noise(10_000_000)),
                new Sent(1, null, noise(36_000_000)),
                new Sent(2, null, noise(10))));

        start(run);

        run.await(READ_COMMITTED, answers -> answers.size() == 3);
        run.assertExactlyOneAnswerForEveryRecord();
    }

    @Test
    void aTopicThatTakesLessThanADeadLetterEndsTheJobAndNothingIsLost(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "large-refused");
        limit(broker, run.deadLetterTopic(), 1_000_000);
        run.send(List.of(new Sent(0, null, noise(999_900))));

        assertRefused(start(run), TOPIC_TAKES_LESS);

        limit(broker, run.deadLetterTopic(), 1_100_000);
        start(run);
        run.await(READ_COMMITTED, answers -> answers.size() == 1);
    }

    @Test
    void whatFitsOnceItIsCompressedIsWritten(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "large-compressed");
        limit(broker, run.deadLetterTopic(), 1_000_000);
        run.send(List.of(new Sent(0, null, JobRun.utf8("not Avro ".repeat(500_000)))));

        start(run);

        run.await(READ_COMMITTED, answers -> answers.size() == 1);
    }

    @Test
    void aProducerThatTakesLessEndsTheJob(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "large-request");
        run.send(List.of(new Sent(0, null, noise(2_000_000))));

        assertRefused(start(run, "--kafka.properties.max.request.size=2000000"), PRODUCER_TAKES_LESS);
    }

    @Test
    void thePageOnTroublesExplainsThem() {
        TroubleshootingPage.assertExplains("Large records", Stream.of(TOPIC_TAKES_LESS, PRODUCER_TAKES_LESS));
    }
}
