package io.hatflow.job;

import static org.apache.kafka.common.IsolationLevel.READ_COMMITTED;
import static org.apache.kafka.common.IsolationLevel.READ_UNCOMMITTED;

import io.hatflow.broker.LocalBroker;
import java.nio.file.Path;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A job that goes on with more tasks, and with fewer, while documents are in flight. */
@ExtendWith(SharedBroker.class)
@Timeout(300)
class RescaleIT {

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(2)
            .build());

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        FaultyStage.disarm();
        JobRun.cancelAll(flink);
    }

    @Test
    void documentsInFlightGoWithTheSavepointToOtherTasks(LocalBroker broker, @TempDir Path savepoints)
            throws Exception {
        JobRun run = new JobRun(broker, "rescale");
        String savepoint = stopWithDocumentsInFlight(run, 1, null, savepoints);
        savepoint = stopWithDocumentsInFlight(run, 2, savepoint, savepoints);

        FaultyStage.arm(FaultyStage.Kind.LET_GO);
        JobClient job = start(run, 1, savepoint, "--checkpoint.interval=300 ms");
        run.await(READ_COMMITTED, answers -> answers.size() >= run.sent().size());
        JobRun.stop(job, savepoints);

        run.assertExactlyOneAnswerForEveryRecord();
        run.assertNothingIsLeftOpen();
    }

    private static String stopWithDocumentsInFlight(
            JobRun run, int parallelism, @Nullable String savepoint, Path savepoints) throws Exception {
        run.send(Sent.documents(run.sent().size(), 60, JobRun.PARTITIONS));
        JobClient job = start(run, parallelism, savepoint, "--checkpoint.interval=9 min");
        int heldBack = parallelism * FaultyStage.HELD_BACK;
        run.await(
                READ_UNCOMMITTED,
                answers -> JobRun.places(answers).size() >= run.sent().size() - heldBack);
        FaultyStage.arm(FaultyStage.Kind.LET_GO);
        String next = JobRun.stop(job, savepoints);
        FaultyStage.disarm();
        run.assertNothingIsLeftOpen();
        return next;
    }

    private static JobClient start(JobRun run, int parallelism, @Nullable String savepoint, String interval)
            throws Exception {
        return run.start(run.settings(interval), parallelism, savepoint, FaultyStage::after);
    }
}
