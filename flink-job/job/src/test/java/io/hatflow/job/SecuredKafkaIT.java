package io.hatflow.job;

import static io.hatflow.job.TroubleshootingPage.pattern;
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
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
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

    private static final String LOGIN =
            "Kafka at … refuses the login: …. Expected credentials that it knows, by a mechanism that it"
                    + " offers; check sasl.jaas.config and what that refers to, and sasl.mechanism";
    private static final String CERTIFICATE =
            "The TLS certificate or handshake of Kafka at … is not accepted: …path building failed…."
                    + " Expected a certificate that an authority in ssl.truststore.location has signed; give the truststore that holds the"
                    + " authority of these brokers";
    private static final String REFERENCE =
            "kafka.properties.… refers to …, which is not there; expected ${file:PATH:KEY} with a key of"
                    + " that properties file, …";
    private static final String CLIENT =
            "No Kafka client can be made of the settings: …. Check kafka.properties.*, and that the files"
                    + " they name are there";
    private static final String TO_READ =
            "Kafka at … does not allow its user to read topic …. Expected the right …; grant it with"
                    + " kafka-acls --add --allow-principal User:NAME --topic …, or log in as a user that has it";
    private static final String TO_WRITE = TO_READ.replace("read", "write to");
    private static final String GROUP_RIGHT =
            "Kafka at … does not allow its user to use consumer group …. Expected the right Read;"
                    + " grant it with kafka-acls …, or set kafka.group-id to a group that the user may use";
    private static final String TRANSACTIONS_RIGHT =
            "Kafka at … does not allow its user transactional ids that begin with …. Expected the"
                    + " right Write; grant it with kafka-acls …, or set kafka.transactional-id-prefix to one that the user may use";

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    private static final Configuration OPTIONS = new Configuration()
            .set(
                    CheckpointingOptions.CHECKPOINTS_DIRECTORY,
                    Path.of("target/secured-checkpoints").toUri().toString());

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
    void aUserWithATokenIsServedFromEndToEnd() throws Exception {
        JobRun run = run("oscar", "nothing");

        JobRun.awaitEnd(run.start(run.settings(flags(kafka.clientWithToken("oscar"))), 2));

        run.assertExactlyOneAnswerForEveryRecord();
        run.assertNothingIsLeftOpen();
    }

    @Test
    void aRefusalIsSaidBeforeTheJobIsSubmittedWhereTheSecretIsAtHand() throws Exception {
        JobRun run = run("quentin", "nothing");
        JobSettings settings = run.settings(flags(kafka.client("quentin", "password-of-quentin")));
        new SubmissionCheck(settings, true, OPTIONS).run();

        Path secret = kafka.writeSecret("quentin", "another");
        assertThatThrownBy(new SubmissionCheck(settings, false, OPTIONS)::run)
                .hasMessageContaining("refuses the login")
                .hasMessageNotContaining("password-of-quentin");

        Files.delete(secret);
        new SubmissionCheck(settings, false, OPTIONS).run();
        assertThatThrownBy(new SubmissionCheck(settings, true, OPTIONS)::run)
                .hasMessageContaining("kafka.properties.sasl.jaas.config refers to what cannot be read here");
    }

    @Test
    void aWrongPasswordIsRefused() throws Exception {
        JobRun run = run("bob", "nothing");

        assertThat(refusal(run, properties -> kafka.writeSecret("bob", "another")))
                .matches(pattern(LOGIN))
                .contains("SCRAM-SHA-512");
    }

    @Test
    void aCertificateOfAStrangerIsNotTrusted() throws Exception {
        JobRun run = run("carol", "nothing");

        assertThat(refusal(
                        run,
                        properties -> properties.put(
                                "ssl.truststore.location",
                                kafka.trustStore(false).toString())))
                .matches(pattern(CERTIFICATE));
    }

    @Test
    void aSecretThatIsNotThereIsNamed() throws Exception {
        JobRun run = run("dave", "nothing");

        assertThat(refusal(run, properties -> properties.put("ssl.truststore.password", "${env:NO_SUCH_VARIABLE}")))
                .matches(pattern(REFERENCE))
                .startsWith("kafka.properties.ssl.truststore.password refers to ${env:NO_SUCH_VARIABLE}");
    }

    @Test
    void aKeyStoreThatDoesNotOpenIsNamed() throws Exception {
        JobRun run = run("erin", "nothing");

        assertThat(refusal(run, properties -> properties.put("ssl.truststore.location", "/nowhere.p12")))
                .matches(pattern(CLIENT))
                .contains("/nowhere.p12");
    }

    @Test
    void theRightToReadDocumentsIsAskedFor() throws Exception {
        assertThat(refusal(run("frank", "input"), properties -> {}))
                .matches(pattern(TO_READ))
                .contains("frank-documents");
    }

    @Test
    void theRightToWriteEventsIsAskedFor() throws Exception {
        assertThat(refusal(run("grace", "output"), properties -> {}))
                .matches(pattern(TO_WRITE))
                .contains("grace-labelled");
    }

    @Test
    void theRightToTheGroupIsAskedFor() throws Exception {
        assertThat(refusal(run("heidi", "group"), properties -> {}))
                .matches(pattern(GROUP_RIGHT))
                .contains("consumer group heidi");
    }

    @Test
    void theRightToTransactionsIsAskedFor() throws Exception {
        assertThat(refusal(run("ivan", "transactions"), properties -> {}))
                .matches(pattern(TRANSACTIONS_RIGHT))
                .contains("begin with ivan-");
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

        assertThat(refusal(job)).matches(pattern(TO_READ)).contains("judy-documents");
        assertThat(run.committed()).hasSize(12);
    }

    @Test
    void thePageExplainsAllRefusals() {
        TroubleshootingPage.assertExplains(
                "Access to Kafka",
                Stream.of(LOGIN, CERTIFICATE, REFERENCE, CLIENT, TO_READ, TO_WRITE, GROUP_RIGHT, TRANSACTIONS_RIGHT));
    }
}
