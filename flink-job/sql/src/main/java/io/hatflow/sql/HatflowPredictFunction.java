package io.hatflow.sql;

import io.hatflow.flink.operator.ClassificationMetrics;
import io.hatflow.flink.pool.ClassifierOptions;
import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.flink.pool.PooledClassifier;
import io.hatflow.flink.pool.TaskDevice;
import io.hatflow.flink.pool.TextInput;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.onnx.DeviceException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.functions.AsyncPredictFunction;
import org.apache.flink.table.functions.FunctionContext;
import org.jspecify.annotations.Nullable;

/**
 * Gives one row for each text: what the model says of it, or why it says nothing. A fault of the machine fails the query, which Flink
 * restores with the rows in flight. Micro-batches form behind the futures, of the texts of all queries in the TaskManager that use the
 * bundle in the same way.
 *
 * <p>Called by the task's thread; completed by that of the model.
 */
public final class HatflowPredictFunction extends AsyncPredictFunction {

    private static final long serialVersionUID = 1L;

    private final ClassifierOptions options;
    private final OutputColumns columns;
    private final int capacity;
    private transient @Nullable PooledClassifier model;
    private transient @Nullable ClassificationMetrics metrics;
    /** What the model has not answered yet, by the number of the question. */
    private transient @Nullable Map<Long, CompletableFuture<Outcome>> inFlight;

    private transient long sequence;
    private transient volatile boolean closed;
    private transient @Nullable UnderfilledBatches underfilled;

    HatflowPredictFunction(ClassifierOptions options, OutputColumns columns, int capacity) {
        this.options = options;
        this.columns = columns;
        this.capacity = capacity;
    }

    @Override
    public void open(FunctionContext context) {
        try {
            model = ClassifierPool.lease(
                    options,
                    columns.answers(),
                    context.getExternalResourceInfos(TaskDevice.RESOURCE),
                    context.getTaskInfo().getIndexOfThisSubtask());
        } catch (BundleException | DeviceException e) {
            // What was refused once will be refused again: say so instead of restarting for ever.
            throw new SuppressRestartsException(e);
        }
        metrics = new ClassificationMetrics(context.getMetricGroup(), model);
        inFlight = new ConcurrentHashMap<>();
        underfilled = new UnderfilledBatches(capacity);
    }

    /** As the superclass does it, but for failures, whose messages would hold the whole text ({@link FailedRow}). */
    @Override
    public void eval(CompletableFuture<Collection<RowData>> future, Object... arguments) {
        CompletableFuture<Collection<RowData>> rows;
        try {
            rows = asyncPredict(GenericRowData.of(arguments));
        } catch (RuntimeException e) {
            rows = CompletableFuture.failedFuture(e);
        }
        var unused = rows.whenComplete((row, failure) -> {
            if (!closed) {
                future.complete(failure == null ? row : List.of(FailedRow.of(failure)));
            }
        });
    }

    @Override
    public CompletableFuture<Collection<RowData>> asyncPredict(RowData input) {
        if (model == null || metrics == null || inFlight == null || underfilled == null) {
            throw new IllegalStateException("asyncPredict was called before open");
        }
        PooledClassifier answering = model;
        ClassificationMetrics counted = metrics;
        Map<Long, CompletableFuture<Outcome>> unanswered = inFlight;
        long number = sequence++;
        String text = input.isNullAt(0) ? "" : input.getString(0).toString();
        long received = counted.received();
        CompletableFuture<Outcome> answer = answering.classifier().classify(TextInput.of(text), false);
        unanswered.put(number, answer);
        underfilled.asked(unanswered.size(), answering.statistics());
        return answer.whenComplete((outcome, failure) -> unanswered.remove(number))
                .thenApply(outcome -> {
                    RowData row = columns.row(text, outcome, answering.bundle());
                    counted.answered(outcome, received, text.length());
                    return List.of(row);
                });
    }

    /** Gives up what was asked: otherwise the model would work on it, ahead of what other queries ask. */
    @Override
    public void close() {
        closed = true;
        if (inFlight != null) {
            inFlight.values().forEach(answer -> answer.cancel(false));
            inFlight = null;
        }
        if (model != null) {
            model.close();
            model = null;
        }
    }
}
