package io.hatflow.flink.operator;

import static java.util.Objects.requireNonNull;

import io.hatflow.flink.operator.OperatorSettings.Order;
import io.hatflow.flink.operator.Reading.Text;
import io.hatflow.flink.operator.Reading.Unreadable;
import io.hatflow.flink.pool.ClassifierProvider;
import io.hatflow.flink.pool.PooledClassifier;
import io.hatflow.flink.quarantine.Quarantine;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.onnx.DeviceException;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.async.RichAsyncFunction;
import org.apache.flink.util.FlinkRuntimeException;
import org.jspecify.annotations.Nullable;

/**
 * Makes one result of every element: of what the model says where the fault is not the machine's. Where it is, the task fails and Flink
 * restores it with all elements that were in flight. Order, capacity, backpressure and checkpoints are those of Flink's async operator
 * around it; micro-batches form behind the classifier's futures.
 *
 * <p>Called by the task's thread; completed by that of the classifier.
 */
final class AsyncClassification<T, R> extends RichAsyncFunction<T, Sized<R>>
        implements CheckpointedFunction, CheckpointListener {

    private static final long serialVersionUID = 1L;

    private final ClassificationFunction<T, R> function;
    private final ClassifierProvider classifiers;
    private final OperatorSettings settings;
    private transient @Nullable PooledClassifier classifier;
    private transient @Nullable ClassificationMetrics metrics;
    private transient @Nullable Quarantine quarantine;
    private transient @Nullable LongTexts longTexts;
    private transient @Nullable AnswerCache cache;
    private transient @Nullable KeyOrder keyOrder;
    private transient boolean restored;
    /** What the model has not answered yet, by where its answer goes. */
    private transient @Nullable Map<ResultFuture<Sized<R>>, CompletableFuture<Outcome>> asked;

    private transient volatile boolean closed;

    private transient @Nullable InFlightMemory memory;
    private transient @Nullable Consumer<Throwable> task;

    AsyncClassification(
            ClassificationFunction<T, R> function, ClassifierProvider classifiers, OperatorSettings settings) {
        this.function = function;
        this.classifiers = classifiers;
        this.settings = settings;
    }

    /** Says how much is in flight, and how large the element is that comes next. */
    void measure(InFlightMemory inFlight) {
        memory = inFlight;
    }

    /** Where a failure goes: Flink's own way, through the result, says what the element was. */
    void failThrough(Consumer<Throwable> failTask) {
        task = failTask;
    }

    @Override
    public void initializeState(FunctionInitializationContext context) {
        restored = context.isRestored();
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {
        // Elements in flight are the operator's; attempts are not state, see Attempts.
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) {
        if (quarantine != null) {
            quarantine.checkpointCompleted();
        }
    }

    @Override
    public void open(OpenContext context) {
        asked = new ConcurrentHashMap<>();
        longTexts = new LongTexts();
        function.open();
        try {
            classifier = classifiers.classifier(getRuntimeContext());
        } catch (BundleException | DeviceException e) {
            // What was refused once will be refused again: say so instead of restarting for ever.
            throw new SuppressRestartsException(e);
        }
        metrics =
                new ClassificationMetrics(getRuntimeContext().getMetricGroup(), classifier, memory, function.reasons());
        boolean attempted = getRuntimeContext().getTaskInfo().getAttemptNumber() > 0;
        quarantine = Quarantine.of(settings.quarantine(), restored || attempted);
        cache = settings.cachedAnswers() > 0 ? new AnswerCache(settings.cachedAnswers(), metrics::cached) : null;
        keyOrder = settings.order() == Order.ORDERED_BY_KEY ? new KeyOrder() : null;
    }

    @Override
    public void asyncInvoke(T element, ResultFuture<Sized<R>> result) {
        if (metrics == null || memory == null) {
            throw new IllegalStateException("asyncInvoke was called before open");
        }
        long received = metrics.received();
        long bytes = memory.latest();
        Reading<R> reading = function.read(element);
        if (reading instanceof Unreadable<R> unreadable) {
            metrics.rejected(unreadable.reason());
            result.complete(new SilentResult<>(new Sized<>(unreadable.result(), bytes)));
        } else {
            ask(
                    (Text<R>) reading,
                    new Waiting(function.key(element), bytes, received, function.timestamp(element)),
                    result);
        }
    }

    /**
     * What is still asked of an element when its answer comes.
     *
     * @param receivedNanos when it came
     * @param timestamp when it came to be
     */
    private record Waiting(@Nullable Object key, long bytes, long receivedNanos, OptionalLong timestamp) {}

    private void ask(Text<R> text, Waiting element, ResultFuture<Sized<R>> result) {
        if (classifier == null || metrics == null || quarantine == null || asked == null || longTexts == null) {
            throw new IllegalStateException("asyncInvoke was called before open");
        }
        ClassificationMetrics counted = metrics;
        PooledClassifier.Classifier model = classifier.classifier();
        LongTexts aside = longTexts;
        Quarantine quarantined = quarantine;
        BundleInfo bundle = classifier.bundle();
        Reading.Answer<R> toResult = text.result();
        long characters = text.text().characters();
        // The question keeps the text until it is asked, which is at once but in the careful lane; what follows does
        // not.
        Supplier<CompletableFuture<Outcome>> question = () -> quarantined.ask(
                text.id(), () -> aside.ask(text.text(), () -> model.classify(text.text(), text.urgent())));
        CompletableFuture<Outcome> answer = cache == null ? question.get() : cache.ask(text.text(), question);
        Map<ResultFuture<Sized<R>>, CompletableFuture<Outcome>> unanswered = asked;
        unanswered.put(result, answer);
        BiConsumer<Outcome, Throwable> leave = (outcome, failure) -> {
            unanswered.remove(result);
            if (closed) {
                return;
            }
            try {
                if (failure != null) {
                    fail(failure);
                } else {
                    R made = toResult.of(outcome, bundle);
                    counted.answered(outcome, element.receivedNanos(), characters, element.timestamp());
                    result.complete(new SilentResult<>(new Sized<>(made, element.bytes())));
                }
            } catch (RejectedExecutionException taskEnds) {
                // It has stopped with a savepoint and takes nothing any more, though this is not closed yet: what it
                // has not taken is in
                // the savepoint.
            } catch (RuntimeException bug) {
                // Without this, the element would wait for ever.
                fail(bug);
            }
        };
        if (keyOrder != null && element.key() != null) {
            keyOrder.inTurn(element.key(), answer, leave);
        } else {
            var unused = answer.whenComplete(leave);
        }
    }

    private void fail(Throwable failure) {
        requireNonNull(task)
                .accept(new FlinkRuntimeException("A text could not be classified, for no fault of its own", failure));
    }

    /** Gives up what was asked: otherwise the model would work on it, ahead of what other tasks or the next attempt ask. */
    @Override
    public void close() {
        closed = true;
        if (quarantine != null) {
            quarantine.close();
            quarantine = null;
        }
        if (asked != null) { // a task may fail before it opens
            asked.values().forEach(answer -> answer.cancel(false));
            asked = null;
        }
        if (longTexts != null) {
            longTexts.close();
            longTexts = null;
        }
        if (classifier != null) {
            classifier.close();
            classifier = null;
        }
    }
}
