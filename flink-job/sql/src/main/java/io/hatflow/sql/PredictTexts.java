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
public final class PredictTexts extends AsyncPredictFunction {

    private static final long serialVersionUID = 1L;

    private final ClassifierOptions options;
    private final OutputColumns columns;
    private final int capacity;
    private transient @Nullable PooledClassifier model;
    private transient @Nullable ClassificationMetrics metrics;
    private transient @Nullable Map<Long, CompletableFuture<Outcome>> asked;
    private transient long latest;
    private transient @Nullable StarvedBatches starved;

    PredictTexts(ClassifierOptions options, OutputColumns columns, int capacity) {
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
        asked = new ConcurrentHashMap<>();
        starved = new StarvedBatches(capacity);
    }

    /** As the superclass does it, but for its message of a failure, which holds the whole text. */
    @Override
    public void eval(CompletableFuture<Collection<RowData>> future, Object... arguments) {
        var unused = asyncPredict(GenericRowData.of(arguments)).whenComplete((rows, failure) -> {
            if (failure != null) {
                future.completeExceptionally(failure);
            } else {
                future.complete(rows);
            }
        });
    }

    @Override
    public CompletableFuture<Collection<RowData>> asyncPredict(RowData input) {
        if (model == null || metrics == null || asked == null || starved == null) {
            throw new IllegalStateException("asyncPredict was called before open");
        }
        PooledClassifier answering = model;
        ClassificationMetrics counted = metrics;
        Map<Long, CompletableFuture<Outcome>> unanswered = asked;
        long number = latest++;
        String text = input.isNullAt(0) ? "" : input.getString(0).toString();
        counted.received();
        CompletableFuture<Outcome> answer = answering.classifier().classify(TextInput.of(text), false);
        unanswered.put(number, answer);
        starved.asked(unanswered.size(), answering.statistics());
        return answer.whenComplete((outcome, failure) -> unanswered.remove(number))
                .thenApply(outcome -> {
                    RowData row = columns.row(text, outcome, answering.bundle());
                    counted.answered(outcome);
                    return List.of(row);
                });
    }

    /** Gives up what was asked: otherwise the model would work on it, ahead of what other queries ask. */
    @Override
    public void close() {
        if (asked != null) {
            asked.values().forEach(answer -> answer.cancel(false));
            asked = null;
        }
        if (model != null) {
            model.close();
            model = null;
        }
    }
}
