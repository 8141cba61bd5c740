package io.hatflow.job.classify;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.LabelledDocument;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.onnx.DeviceException;
import io.hatflow.job.classify.Events.DocumentHead;
import io.hatflow.job.quarantine.Attempts;
import io.hatflow.job.quarantine.CarefulLane;
import io.hatflow.job.quarantine.QuarantineSettings;
import io.hatflow.job.source.Decoded;
import io.hatflow.job.source.DocumentDecoder;
import io.hatflow.job.source.DocumentFormat;
import io.hatflow.job.source.SourceRecord;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
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

    private final DocumentFormat format;
    private final ClassifierLessor lessor;
    private final String priorityHeader;
    private final QuarantineSettings quarantine;
    private transient @Nullable DocumentDecoder decoder;
    private transient @Nullable LeasedClassifier leased;
    private transient @Nullable ClassifyMetrics metrics;
    private transient @Nullable Attempts attempts;
    private transient @Nullable CarefulLane<Outcome> lane;
    private transient boolean restored;
    private transient boolean careful;
    /** What the model has not answered yet, by the event's id. */
    private transient @Nullable Map<String, CompletableFuture<Outcome>> asked;

    private transient volatile boolean closed;

    private transient @Nullable InFlightMemory memory;

    /** An empty {@code priorityHeader} means that no record is urgent. */
    ClassifyFunction(
            DocumentFormat format, ClassifierLessor lessor, String priorityHeader, QuarantineSettings quarantine) {
        this.format = format;
        this.lessor = lessor;
        this.priorityHeader = priorityHeader;
        this.quarantine = quarantine;
    }

    /** Lets the metrics tell how much is in flight. */
    void measure(InFlightMemory inFlight) {
        memory = inFlight;
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
        asked = new ConcurrentHashMap<>();
        decoder = format.decoder();
        try {
            leased = lessor.lease(getRuntimeContext());
            metrics = new ClassifyMetrics(getRuntimeContext().getMetricGroup(), leased, memory);
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
        if (decoder == null || leased == null || metrics == null || asked == null) {
            throw new IllegalStateException("asyncInvoke was called before open");
        }
        ClassifyMetrics counted = metrics;
        counted.received();
        Decoded decoded = decoder.decode(record.value());
        if (decoded.document() == null) {
            complete(result, Either.Right(Events.deadLetter(record, decoded.requireRefusal())), counted);
            return;
        }
        DocumentHead document = DocumentHead.of(decoded.document());
        String id = Events.id(record);
        if (attempts != null && attempts.leftOver(id) >= quarantine.attempts()) {
            complete(
                    result,
                    Either.Right(Events.quarantined(record, document, attempts.leftOver(id), quarantine.folder())),
                    counted);
            return;
        }
        LeasedClassifier.Classifier classifier = leased.classifier();
        BundleInfo bundle = leased.bundle();
        boolean urgent = isUrgent(record);
        Document text = decoded.document();
        // Keeps the text until it is asked, which is at once but in the careful lane.
        Supplier<CompletableFuture<Outcome>> question = () -> classifier.classify(text, urgent);
        boolean suspect = careful || (attempts != null && attempts.leftOver(id) > 0);
        CompletableFuture<Outcome> answer = suspect && lane != null ? lane.ask(id, question) : question.get();
        Map<String, CompletableFuture<Outcome>> unanswered = asked;
        unanswered.put(id, answer);
        var unused = answer.whenComplete((outcome, failure) -> {
            unanswered.remove(id);
            if (closed) {
                return;
            }
            try {
                if (failure != null) {
                    result.completeExceptionally(failure);
                } else {
                    complete(result, Events.answer(record, document, outcome, bundle), counted);
                }
            } catch (RuntimeException bug) {
                // Without this, the record would wait for ever.
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

    /** Gives up what was asked: otherwise the model would work on it, ahead of what other tasks or the next attempt ask. */
    @Override
    public void close() {
        closed = true;
        if (lane != null) {
            lane.close();
            lane = null;
        }
        if (asked != null) { // a task may fail before it opens
            asked.values().forEach(answer -> answer.cancel(false));
            asked = null;
        }
        if (leased != null) {
            leased.close();
            leased = null;
        }
    }
}
