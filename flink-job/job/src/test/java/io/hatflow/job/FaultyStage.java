package io.hatflow.job;

import io.hatflow.job.source.SourceRecord;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.AbstractStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailbox;
import org.jspecify.annotations.Nullable;

/**
 * Between source and classification, makes what otherwise only luck brings about: documents that are in flight in a
 * checkpoint, and a task that stands still or fails after a checkpoint is complete but before the task hears of it, so
 * that its transactions are prepared and not committed.
 *
 * <p>For the former, it holds the last few records back until a checkpoint is about to begin that the test has asked for:
 * the task has no time to answer these before. For the latter, it puts its own work into the task's mailbox before the
 * checkpoint is taken, when word of its completion cannot be there yet.
 */
final class FaultyStage extends AbstractStreamOperator<SourceRecord>
        implements OneInputStreamOperator<SourceRecord, SourceRecord> {

    private static final long serialVersionUID = 1L;

    /** Records that each task holds back. */
    static final int HELD_BACK = 2;

    /** What goes wrong next. */
    enum Kind {
        /** Nothing, but that the records held back go on at the next checkpoint, as they do with the next two kinds. */
        LET_GO,
        /** Once they have taken a checkpoint, all tasks stand still until they are released. */
        STAND_STILL_AFTER_CHECKPOINT,
        /** The same, but then they fail. */
        FAIL_AFTER_CHECKPOINT,
        /** The first task that sees a record fails. */
        FAIL_AT_RECORD
    }

    /** Something that goes wrong once. */
    record Fault(Kind kind, CountDownLatch released) {

        /** Lets the tasks go that stand still. */
        void release() {
            FAULT.set(null);
            released.countDown();
        }
    }

    /** What the tasks, which run in the JVM of the test, are to do next. */
    private static final AtomicReference<@Nullable Fault> FAULT = new AtomicReference<>();

    /** Makes something go wrong with the next checkpoint or record. */
    static Fault arm(Kind kind) {
        Fault fault = new Fault(kind, new CountDownLatch(1));
        FAULT.set(fault);
        return fault;
    }

    /** Nothing more goes wrong. */
    static void disarm() {
        FAULT.set(null);
    }

    /** Puts the stage into the job. */
    static DataStream<SourceRecord> after(DataStream<SourceRecord> records) {
        return records.transform("faulty", records.getType(), new Factory()).uid("faulty");
    }

    private final transient MailboxExecutor mailbox;
    private final transient Deque<StreamRecord<SourceRecord>> heldBack = new ArrayDeque<>();

    private FaultyStage(StreamOperatorParameters<SourceRecord> parameters) {
        super(parameters);
        // The priority at which tasks hear of completed checkpoints: mails of one priority keep their order.
        this.mailbox =
                parameters.getContainingTask().getMailboxExecutorFactory().createExecutor(TaskMailbox.MAX_PRIORITY);
    }

    private static final class Factory extends AbstractStreamOperatorFactory<SourceRecord>
            implements OneInputStreamOperatorFactory<SourceRecord, SourceRecord> {

        private static final long serialVersionUID = 1L;

        @Override
        @SuppressWarnings("TypeParameterUnusedInFormals") // the interface's own signature
        public <T extends StreamOperator<SourceRecord>> T createStreamOperator(
                StreamOperatorParameters<SourceRecord> parameters) {
            @SuppressWarnings("unchecked") // the interface's own way
            T operator = (T) new FaultyStage(parameters);
            return operator;
        }

        @Override
        @SuppressWarnings("rawtypes") // the interface's own signature
        public Class<? extends StreamOperator> getStreamOperatorClass(ClassLoader classLoader) {
            return FaultyStage.class;
        }
    }

    @Override
    public void processElement(StreamRecord<SourceRecord> element) {
        Fault fault = FAULT.get();
        if (fault != null && fault.kind == Kind.FAIL_AT_RECORD && FAULT.compareAndSet(fault, null)) {
            throw asked();
        }
        heldBack.add(element.copy(element.getValue()));
        if (heldBack.size() > HELD_BACK) {
            output.collect(heldBack.remove());
        }
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) {
        Fault fault = FAULT.get();
        // Flink also takes a checkpoint or two of its own accord when a job starts.
        if (fault == null || fault.kind == Kind.FAIL_AT_RECORD) {
            return;
        }
        if (fault.kind != Kind.LET_GO) {
            // Before the records, so that their answers wait behind it.
            mailbox.execute(() -> standStill(fault), "fault of the test");
        }
        while (!heldBack.isEmpty()) {
            output.collect(heldBack.remove());
        }
    }

    private static void standStill(Fault fault) throws InterruptedException {
        if (!fault.released.await(JobRun.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("The test has not released its tasks");
        }
        if (fault.kind == Kind.FAIL_AFTER_CHECKPOINT) {
            throw asked();
        }
    }

    private static IllegalStateException asked() {
        return new IllegalStateException("This is the failure that the test asked for");
    }
}
