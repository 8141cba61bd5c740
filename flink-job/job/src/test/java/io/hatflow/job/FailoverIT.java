package io.hatflow.job;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;
import static org.apache.kafka.common.IsolationLevel.READ_COMMITTED;
import static org.apache.kafka.common.IsolationLevel.READ_UNCOMMITTED;
import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.job.FaultyStage.Fault;
import io.hatflow.job.FaultyStage.Kind;
import io.hatflow.job.JobRun.Answer;
import io.hatflow.job.JobRun.Place;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.InMemoryReporter;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is left of the guarantees when tasks and brokers fail at the worst moment. Also guards the set of Flink, connector
 * and Kafka client: a transaction that another producer has begun is resumed by reflection into the client.
 *
 * <p>But for a job's first, checkpoints are taken when a test asks for one, so that it knows what has been committed.
 */
@ExtendWith(SharedBroker.class)
@Timeout(300)
class FailoverIT {

    private static final int PARALLELISM = 2;

    private static final InMemoryReporter METRICS = InMemoryReporter.createWithRetainedMetrics();

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setConfiguration(METRICS.addToConfiguration(new Configuration()))
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(PARALLELISM)
            .build());

    /** Longer than any test. */
    private static final String ONLY_WHEN_ASKED = "--checkpoint.interval=9 min";

    private static JobClient start(JobRun run, String... more) throws Exception {
        String[] settings =
                Stream.concat(Stream.of(ONLY_WHEN_ASKED), Stream.of(more)).toArray(String[]::new);
        return run.start(run.settings(settings), PARALLELISM, null, FaultyStage::after);
    }

    private static List<Sent> documents(int from, int count) {
        return Sent.documents(from, count, JobRun.PARTITIONS);
    }

    private static final int HELD_BACK = PARALLELISM * FaultyStage.HELD_BACK;

    /** Waits until so many records have been answered, be it in transactions that are still open. */
    private static void awaitWritten(JobRun run, int records) {
        run.await(READ_UNCOMMITTED, answers -> JobRun.places(answers).size() >= records);
    }

    /** Lets the job answer what is held back, and stops it. */
    private static void finish(MiniCluster flink, JobRun run, JobClient job, Path savepoints) throws Exception {
        awaitWritten(run, run.sent().size() - HELD_BACK);
        FaultyStage.arm(Kind.LET_GO);
        JobRun.checkpoint(flink, job);
        awaitWritten(run, run.sent().size());
        JobRun.stop(job, savepoints);
        run.assertNothingIsLeftOpen();
    }

    /** Documents that are in a transaction when {@link #prepareTransactions} is through; the other four are in flight. */
    private static final int PREPARED = 120 - HELD_BACK;

    /** Brings a job to where a checkpoint is complete and the transactions in it are prepared but not committed. */
    private static Fault prepareTransactions(MiniCluster flink, JobRun run, JobClient job, Kind kind) throws Exception {
        run.send(documents(0, 60));
        awaitWritten(run, 60 - HELD_BACK);
        JobRun.checkpoint(flink, job);
        run.await(READ_COMMITTED, answers -> answers.size() == 60 - HELD_BACK);
        run.send(documents(60, 60));
        awaitWritten(run, PREPARED);
        Fault fault = FaultyStage.arm(kind);
        JobRun.checkpoint(flink, job);
        assertThat(run.committed()).hasSize(60 - HELD_BACK);
        assertThat(run.answers(READ_UNCOMMITTED)).hasSize(PREPARED);
        return fault;
    }

    /** The transactions that Kafka refused to commit: what the alert {@code HatflowTransactionLost} looks at. */
    private static long failedCommittables(JobClient job) {
        // Those of each attempt of a task, which have one name.
        return METRICS.findJobMetricGroups(job.getJobID(), "^failedCommittables$").stream()
                .mapToLong(found -> ((Counter) found.f2).getCount())
                .sum();
    }

    /** What the broker does itself when {@code kafka.transaction-timeout} has passed. */
    private static void abortOpenTransactions(LocalBroker broker, String prefix) throws Exception {
        ListTransactionsOptions open = new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            List<String> ids = admin.listTransactions(open).all().get().stream()
                    .map(TransactionListing::transactionalId)
                    .filter(id -> id.startsWith(prefix + "-"))
                    .toList();
            assertThat(ids).as("transactions to abort").isNotEmpty();
            admin.fenceProducers(ids).all().get();
        }
    }

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        FaultyStage.disarm();
        JobRun.cancelAll(flink);
    }

    @Test
    void preparedTransactionsAreCommittedAfterTheTasksHaveFailed(
            LocalBroker broker, @InjectMiniCluster MiniCluster flink, @TempDir Path savepoints) throws Exception {
        JobRun run = new JobRun(broker, "task-failure");
        JobClient job = start(run);
        Fault fault = prepareTransactions(flink, run, job, Kind.FAIL_AFTER_CHECKPOINT);
        run.send(documents(120, 30));

        fault.release();

        // They hold what the source will not read again.
        run.await(READ_COMMITTED, answers -> answers.size() >= PREPARED);
        finish(flink, run, job, savepoints);
        run.assertExactlyOneAnswerForEveryRecord();
        assertThat(failedCommittables(job)).as("transactions not committed").isZero();
    }

    /** The loss that delivery.md warns of. Nothing prevents it; but it is counted, and no more than this is lost. */
    @Test
    void aTransactionThatTheBrokerHasAbortedIsLostAndCounted(
            LocalBroker broker, @InjectMiniCluster MiniCluster flink, @TempDir Path savepoints) throws Exception {
        JobRun run = new JobRun(broker, "aborted-transaction");
        JobClient job = start(run);
        Fault fault = prepareTransactions(flink, run, job, Kind.FAIL_AFTER_CHECKPOINT);
        abortOpenTransactions(broker, "aborted-transaction");

        fault.release();

        Awaitility.await().atMost(JobRun.LIMIT).untilAsserted(() -> assertThat(failedCommittables(job))
                .isPositive());
        run.send(documents(120, 30));
        finish(flink, run, job, savepoints);
        assertThat(run.committed())
                .as("all but those of the aborted transactions, %s", PREPARED - (60 - HELD_BACK))
                .hasSize(run.sent().size() - (PREPARED - (60 - HELD_BACK)));
    }

    @Test
    void preparedTransactionsAreCommittedAlthoughTheBrokerDiesMeanwhile(
            LocalBroker broker, @InjectMiniCluster MiniCluster flink, @TempDir Path savepoints) throws Exception {
        JobRun run = new JobRun(broker, "broker-failure");
        JobClient job = start(run);
        Fault fault = prepareTransactions(flink, run, job, Kind.STAND_STILL_AFTER_CHECKPOINT);
        run.send(documents(120, 30));

        broker.kill();
        // They set out to commit, and to write what is in flight, while there is no broker.
        fault.release();
        broker.restart();

        run.await(READ_COMMITTED, answers -> answers.size() >= PREPARED);
        finish(flink, run, job, savepoints);
        run.assertExactlyOneAnswerForEveryRecord();
    }

    @Test
    void repeatedAnswersOfOneRecordHaveOneIdWhereRepetitionIsAllowed(
            LocalBroker broker, @InjectMiniCluster MiniCluster flink, @TempDir Path savepoints) throws Exception {
        JobRun run = new JobRun(broker, "at-least-once");
        JobClient job = start(run, "--kafka.guarantee=at-least-once", "--classify.order=unordered");
        run.send(documents(0, 60));
        awaitWritten(run, 60 - HELD_BACK);
        FaultyStage.arm(Kind.LET_GO);
        JobRun.checkpoint(flink, job);
        FaultyStage.disarm();
        run.send(documents(60, 60));
        awaitWritten(run, 120 - HELD_BACK);

        FaultyStage.arm(Kind.FAIL_AT_RECORD);
        run.send(documents(120, 1));

        awaitWritten(run, 121 - HELD_BACK);
        finish(flink, run, job, savepoints);
        List<Answer> answers = run.committed();
        assertThat(JobRun.places(answers)).isEqualTo(run.sent().keySet());
        assertThat(answers).hasSizeGreaterThan(run.sent().size());
        Map<String, Set<Place>> placesById =
                answers.stream().collect(groupingBy(Answer::eventId, mapping(Answer::place, toSet())));
        assertThat(placesById).hasSameSizeAs(run.sent());
        assertThat(placesById.values()).allSatisfy(places -> assertThat(places).hasSize(1));
    }
}
