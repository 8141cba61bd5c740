package io.hatflow.job.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import io.hatflow.job.format.Refusal;
import io.hatflow.job.source.SourceRecord;
import io.hatflow.job.trace.TraceContext;
import io.hatflow.job.trace.TracedDocument;
import java.util.List;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.streaming.util.ProcessFunctionTestHarnesses;
import org.apache.flink.types.Either;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // the harness may throw InterruptedException when it closes
class EventRouterTest {

    private static final Either<TracedDocument, DeadLetter> DEAD = Either.Right(Events.deadLetter(
            new SourceRecord("documents", 0, 1, 0, null, List.of(), null),
            new Refusal(Reason.UNKNOWN_SCHEMA, "No such schema.", null)));
    private static final Either<TracedDocument, DeadLetter> LABELLED =
            Either.Left(new TracedDocument(new LabelledDocument(), new TraceContext(null, null)));

    @Test
    void tooLargeAShareOfDeadLettersEndsTheJobForGood() throws Exception {
        try (var harness =
                ProcessFunctionTestHarnesses.forProcessFunction(new EventRouter(new RejectionLimit(0.5, 10)))) {
            for (int i = 0; i < 10; i++) {
                harness.processElement(i % 2 == 0 ? DEAD : LABELLED, 0);
            }
            harness.processElement(LABELLED, 0); // in the place of a dead letter: four
            harness.processElement(DEAD, 0); // in that of a labelled one: five

            assertThatThrownBy(() -> {
                        harness.processElement(DEAD, 0);
                        harness.processElement(DEAD, 0);
                    })
                    .isInstanceOf(SuppressRestartsException.class)
                    .cause()
                    .hasMessageContaining("6 of the last 10 records")
                    .hasMessageContaining("UNKNOWN_SCHEMA")
                    .hasMessageContaining("dead-letters.max-ratio");
        }
    }

    @Test
    void fewRecordsOrNoLimitNeverEndIt() throws Exception {
        try (var few = ProcessFunctionTestHarnesses.forProcessFunction(new EventRouter(new RejectionLimit(0.5, 10)));
                var off = ProcessFunctionTestHarnesses.forProcessFunction(new EventRouter(RejectionLimit.OFF))) {
            for (int i = 0; i < 9; i++) {
                few.processElement(DEAD, 0);
            }
            for (int i = 0; i < 30; i++) {
                off.processElement(DEAD, 0);
            }
            assertThat(off.getSideOutput(EventRouter.DEAD_LETTERS)).hasSize(30);
        }
    }

    @Test
    void aRecordDoesNotShowItsTextWhereFlinkPrintsIt() {
        assertThat(new SourceRecord("documents", 2, 7, 0, null, List.of(), new byte[] {1}))
                .hasToString("documents-2@7");
    }
}
