package io.hatflow.job.classify;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.LabelledDocument;
import io.hatflow.inference.Classification;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.Rejection;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.onnx.DeviceException;
import io.hatflow.job.quarantine.Attempts;
import io.hatflow.job.quarantine.CarefulLane;
import io.hatflow.job.quarantine.QuarantineSettings;
import io.hatflow.job.source.Refusal;
import io.hatflow.job.source.SourceRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.async.RichAsyncFunction;
import org.apache.flink.types.Either;
import org.jspecify.annotations.Nullable;

/**
 * Makes one event of every source record: labelled, or a dead letter where the fault is the document's. Where it is the
 * machine's, the task fails and Flink restores it with all records that were in flight. Order, capacity, backpressure and
 * checkpoints are those of Flink's async operator around it; micro-batches form behind the classifier's futures.
 *
 * <p>What comes before the first checkpoint after a failure may have been its cause, and takes the {@link CarefulLane}.
 *
 * <p>Called by the task's thread; completed by that of the classifier.
 */
final class ClassifyFunction extends RichAsyncFunction<SourceRecord, Either<LabelledDocument, DeadLetter>>
        implements CheckpointedFunction, CheckpointListener {

    private static final long serialVersionUID = 1L;

    /** Value of the priority header that lets a record overtake. */
    static final String URGENT = "high";

    private final ClassifierLessor lessor;
    private final Duration timeout;
    private final String priorityHeader;
    private final QuarantineSettings quarantine;
    private transient @Nullable LeasedClassifier leased;
    private transient @Nullable ClassifyMetrics metrics;
    private transient @Nullable Attempts attempts;
    private transient @Nullable CarefulLane<Outcome> lane;
    private transient boolean restored;
    private transient boolean careful;

    /** An empty {@code priorityHeader} means that no record is urgent. */
    ClassifyFunction(ClassifierLessor lessor, Duration timeout, String priorityHeader, QuarantineSettings quarantine) {
        this.lessor = lessor;
        this.timeout = timeout;
        this.priorityHeader = priorityHeader;
        this.quarantine = quarantine;
    }

    @Override
    public void initializeState(FunctionInitializationContext context) {
        restored = context.isRestored();
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {
        // Records in flight are the operator's; attempts are not state, see Attempts.
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) {
        careful = false;
    }

    @Override
    public void open(OpenContext context) {
        try {
            leased = lessor.lease(getRuntimeContext());
            metrics = new ClassifyMetrics(getRuntimeContext().getMetricGroup(), leased);
            if (quarantine.isOn()) {
                attempts = Attempts.in(quarantine.folder());
                lane = new CarefulLane<>(attempts, quarantine.attempts());
                careful = restored || getRuntimeContext().getTaskInfo().getAttemptNumber() > 0;
            }
        } catch (BundleException | DeviceException e) {
            // What was refused once will be refused again: say so instead of restarting for ever.
            throw new SuppressRestartsException(e);
        }
    }

    @Override
    public void asyncInvoke(SourceRecord record, ResultFuture<Either<LabelledDocument, DeadLetter>> result) {
        if (leased == null || metrics == null) {
            throw new IllegalStateException("asyncInvoke was called before open");
        }
        ClassifyMetrics counted = metrics;
        counted.received();
        Document document = record.document();
        if (document == null) {
            complete(result, Either.Right(Events.deadLetter(record, refusal(record))), counted);
            return;
        }
        String id = Events.id(record);
        if (attempts != null && attempts.leftOver(id) >= quarantine.attempts()) {
            complete(
                    result,
                    Either.Right(Events.quarantined(record, document, attempts.leftOver(id), quarantine.folder())),
                    counted);
            return;
        }
        LeasedClassifier asked = leased;
        BundleInfo bundle = asked.bundle();
        boolean urgent = isUrgent(record);
        Supplier<CompletableFuture<Outcome>> question =
                () -> document.getSegments().isEmpty()
                        ? asked.classifier().classify(document.getText(), urgent)
                        : asked.classifier().classify(document.getSegments(), urgent);
        boolean suspect = careful || (attempts != null && attempts.leftOver(id) > 0);
        var unused = (suspect && lane != null ? lane.ask(id, question) : question.get())
                .whenComplete((outcome, failure) -> {
                    try {
                        if (failure != null) {
                            asked.condemn().run();
                            result.completeExceptionally(failure);
                        } else {
                            complete(result, event(record, document, outcome, bundle), counted);
                        }
                    } catch (RuntimeException bug) {
                        // Without this, the record would wait for its timeout.
                        result.completeExceptionally(bug);
                    }
                });
    }

    private static void complete(
            ResultFuture<Either<LabelledDocument, DeadLetter>> result,
            Either<LabelledDocument, DeadLetter> event,
            ClassifyMetrics metrics) {
        metrics.answered(event);
        result.complete(new SilentResult<>(event));
    }

    private boolean isUrgent(SourceRecord record) {
        return !priorityHeader.isEmpty()
                && record.headers().stream()
                        .anyMatch(header -> header.key().equals(priorityHeader)
                                && header.value() != null
                                && new String(header.value(), StandardCharsets.UTF_8).equals(URGENT));
    }

    private static Either<LabelledDocument, DeadLetter> event(
            SourceRecord record, Document document, Outcome outcome, BundleInfo bundle) {
        if (outcome instanceof Classification classification) {
            return Either.Left(Events.labelled(record, document, classification, bundle));
        }
        return Either.Right(Events.deadLetter(record, document, (Rejection) outcome));
    }

    private static Refusal refusal(SourceRecord record) {
        if (record.refusal() == null) {
            throw new IllegalStateException("A source record has neither a document nor a refusal: " + at(record));
        }
        return record.refusal();
    }

    @Override
    public void timeout(SourceRecord record, ResultFuture<Either<LabelledDocument, DeadLetter>> result) {
        if (lane != null) {
            lane.blame();
        }
        if (leased != null) {
            // A run that hangs is never going to be free for other documents.
            leased.condemn().run();
        }
        result.completeExceptionally(new TimeoutException("No answer for the record at " + at(record) + " within "
                + timeout.toMillis()
                + " ms. The task fails and the record will be classified again. Either the model or"
                + " the machine hangs (look at this TaskManager's thread dump and at its processors or GPU), or"
                + " classify.timeout is too short for classify.capacity documents of this length: raise the former or"
                + " lower the latter."));
    }

    private static String at(SourceRecord record) {
        return record.topic() + "-" + record.partition() + "@" + record.offset();
    }

    @Override
    public void close() {
        if (lane != null) {
            lane.close();
            lane = null;
        }
        if (leased != null) {
            leased.close();
            leased = null;
        }
    }
}
