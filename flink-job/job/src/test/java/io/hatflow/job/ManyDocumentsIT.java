package io.hatflow.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.job.JobRun.Answer;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A job with more tasks than there are partitions, so that some of them never read anything. */
@ExtendWith(SharedBroker.class)
@Timeout(600)
class ManyDocumentsIT {

    private static final int DOCUMENTS = 20_000;
    private static final int TASKS = JobRun.PARTITIONS + 2;

    @RegisterExtension
    static final MiniClusterExtension FLINK = new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
            .setNumberTaskManagers(1)
            .setNumberSlotsPerTaskManager(TASKS)
            .build());

    @AfterEach
    void endJobs(@InjectMiniCluster MiniCluster flink) throws Exception {
        JobRun.cancelAll(flink);
    }

    @Test
    void eachOfManySmallDocumentsIsAnsweredOnceAndTheJobEnds(LocalBroker broker) throws Exception {
        JobRun run = new JobRun(broker, "many");
        run.send(IntStream.range(0, DOCUMENTS)
                .mapToObj(i -> new Sent(i % JobRun.PARTITIONS, "key-" + i % 5, Sent.encoded("d" + i, "They pay.")))
                .toList());

        JobClient job = run.start(
                run.settings("--kafka.until=caught-up", "--checkpoint.interval=1 s"),
                TASKS,
                null,
                UnaryOperator.identity());
        job.getJobExecutionResult().get();

        List<Answer> answers = run.committed();
        assertThat(answers).hasSize(DOCUMENTS);
        assertThat(JobRun.places(answers)).isEqualTo(run.sent().keySet());
        assertThat(answers).allMatch(answer -> answer.labelled() != null);
    }
}
