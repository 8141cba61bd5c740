package io.hatflow.job;

import static org.apache.kafka.common.IsolationLevel.READ_COMMITTED;
import static org.apache.kafka.common.acl.AclOperation.READ;
import static org.apache.kafka.common.acl.AclOperation.WRITE;
import static org.apache.kafka.common.resource.ResourceType.GROUP;
import static org.apache.kafka.common.resource.ResourceType.TOPIC;
import static org.apache.kafka.common.resource.ResourceType.TRANSACTIONAL_ID;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.hatflow.job.kafka.KafkaRefusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.ExceptionUtils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The job with a broker that demands TLS, a login and rights. */
@Timeout(300)
class SecuredKafkaIT {

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    private static SecuredBroker kafka;

    @BeforeAll
    static void start() throws Exception {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "secured-");
        kafka = SecuredBroker.start(folder.toAbsolutePath());
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        JobRun.cancelAll(flink);
    }

    /** A user of the run's name, with all rights that the job needs but one. */
    private static JobRun run(String name, String withheld) throws Exception {
        JobRun run = new JobRun(kafka.broker, kafka.servers(), name);
        kafka.addUser(name, "password-of-" + name);
        if (!withheld.equals("input")) {
            kafka.allow(name, TOPIC, run.inputTopic(), READ);
        }
        if (!withheld.equals("output")) {
            kafka.allow(name, TOPIC, run.labelledTopic(), WRITE);
        }
        kafka.allow(name, TOPIC, run.deadLetterTopic(), WRITE);
        if (!withheld.equals("group")) {
            kafka.allow(name, GROUP, name, READ);
        }
        if (!withheld.equals("transactions")) {
            kafka.allow(name, TRANSACTIONAL_ID, name, WRITE);
        }
        run.send(Sent.documents(0, 12, JobRun.PARTITIONS));
        return run;
    }

    private static String[] flags(Map<String, String> kafkaProperties) {
        return Stream.concat(
                        Stream.of("--kafka.until=caught-up", "--checkpoint.interval=300 ms"),
                        kafkaProperties.entrySet().stream()
                                .map(each -> "--kafka.properties." + each.getKey() + "=" + each.getValue()))
                .toArray(String[]::new);
    }

    /** What the job failed with, before it did anything. */
    private static String refusal(JobRun run, Consumer<Map<String, String>> change) throws Exception {
        Map<String, String> properties = new HashMap<>(kafka.client(name(run), "password-of-" + name(run)));
        change.accept(properties);
        String refusal = refusal(run.start(run.settings(flags(properties)), 2));
        assertThat(run.committed()).isEmpty();
        return refusal;
    }

    /** What a job failed with, for good and though it may restart twenty times. */
    private static String refusal(JobClient job) {
        Throwable failure = catchThrowable(() -> JobRun.awaitEnd(job));
        assertThat(failure).isNotNull();
        assertThat(ExceptionUtils.findThrowableSerializedAware(
                        failure, SuppressRestartsException.class, SecuredKafkaIT.class.getClassLoader()))
                .as(ExceptionUtils.stringifyException(failure))
                .isPresent();
        Optional<KafkaRefusal> refusal = ExceptionUtils.findThrowableSerializedAware(
                failure, KafkaRefusal.class, SecuredKafkaIT.class.getClassLoader());
        assertThat(refusal).as(ExceptionUtils.stringifyException(failure)).isPresent();
        assertThat(ExceptionUtils.stringifyException(failure)).doesNotContain("password-of-");
        return String.valueOf(refusal.get().getMessage());
    }

    private static String name(JobRun run) {
        return run.inputTopic().replace("-documents", "");
    }

    @Test
    void aUserWithRightsIsServedFromEndToEnd() throws Exception {
        JobRun run = run("alice", "nothing");

        JobRun.awaitEnd(run.start(run.settings(flags(kafka.client("alice", "password-of-alice"))), 2));

        run.assertExactlyOneAnswerForEveryRecord();
        run.assertNothingIsLeftOpen();
    }

    @Test
    void aRefusalIsSaidBeforeTheJobIsSubmittedWhereTheSecretIsAtHand() throws Exception {
        JobRun run = run("quentin", "nothing");
        JobSettings settings = run.settings(flags(kafka.client("quentin", "password-of-quentin")));
        new SubmissionCheck(settings, true).run();

        Path secret = kafka.writeSecret("quentin", "another");
        assertThatThrownBy(new SubmissionCheck(settings, false)::run)
                .hasMessageContaining("refuses the login")
                .hasMessageNotContaining("password-of-quentin");

        Files.delete(secret);
        new SubmissionCheck(settings, false).run();
        assertThatThrownBy(new SubmissionCheck(settings, true)::run)
                .hasMessageContaining("kafka.properties.sasl.jaas.config refers to what cannot be read here");
    }

    @Test
    void aWrongPasswordIsRefused() throws Exception {
        JobRun run = run("bob", "nothing");

        assertThat(refusal(run, properties -> kafka.writeSecret("bob", "another")))
                .contains("refuses the login", "SCRAM-SHA-512", "check sasl.jaas.config");
    }

    @Test
    void aCertificateOfAStrangerIsNotTrusted() throws Exception {
        JobRun run = run("carol", "nothing");

        assertThat(refusal(
                        run,
                        properties -> properties.put(
                                "ssl.truststore.location",
                                kafka.trustStore(false).toString())))
                .contains("TLS certificate", "path building failed", "ssl.truststore.location");
    }

    @Test
    void aSecretThatIsNotThereIsNamed() throws Exception {
        JobRun run = run("dave", "nothing");

        assertThat(refusal(run, properties -> properties.put("ssl.truststore.password", "${env:NO_SUCH_VARIABLE}")))
                .contains("kafka.properties.ssl.truststore.password refers to ${env:NO_SUCH_VARIABLE}", "not there");
    }

    @Test
    void aKeyStoreThatDoesNotOpenIsNamed() throws Exception {
        JobRun run = run("erin", "nothing");

        assertThat(refusal(run, properties -> properties.put("ssl.truststore.location", "/nowhere.p12")))
                .contains("No Kafka client can be made of the settings", "/nowhere.p12");
    }

    @Test
    void theRightToReadDocumentsIsAskedFor() throws Exception {
        assertThat(refusal(run("frank", "input"), properties -> {}))
                .contains("does not allow its user to read topic frank-documents", "kafka-acls");
    }

    @Test
    void theRightToWriteEventsIsAskedFor() throws Exception {
        assertThat(refusal(run("grace", "output"), properties -> {}))
                .contains("does not allow its user to write to topic grace-labelled", "kafka-acls");
    }

    @Test
    void theRightToTheGroupIsAskedFor() throws Exception {
        assertThat(refusal(run("heidi", "group"), properties -> {}))
                .contains("consumer group heidi", "kafka.group-id", "kafka-acls");
    }

    @Test
    void theRightToTransactionsIsAskedFor() throws Exception {
        assertThat(refusal(run("ivan", "transactions"), properties -> {}))
                .contains("transactional ids that begin with ivan-", "kafka.transactional-id-prefix", "kafka-acls");
    }

    @Test
    void aRightThatIsWithdrawnEndsTheJob() throws Exception {
        JobRun run = run("judy", "nothing");
        JobClient job = run.start(
                run.settings(Stream.concat(
                                Stream.of(flags(kafka.client("judy", "password-of-judy"))),
                                Stream.of("--kafka.until=cancelled"))
                        .filter(flag -> !flag.equals("--kafka.until=caught-up"))
                        .toArray(String[]::new)),
                2);
        run.await(READ_COMMITTED, answers -> answers.size() == run.sent().size());

        // Not that to write: the connector's writer then ends the whole TaskManager, and this cluster does not replace
        // it.
        kafka.withdraw("judy", TOPIC, run.inputTopic(), READ);

        assertThat(refusal(job)).contains("does not allow its user to read topic judy-documents");
        assertThat(run.committed()).hasSize(12);
    }
}
