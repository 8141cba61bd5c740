package io.hatflow.inference;

import io.hatflow.inference.batch.Batch;
import io.hatflow.inference.batch.BatchBudget;
import io.hatflow.inference.batch.BatchModel;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.batch.MicroBatcher;
import io.hatflow.inference.batch.WarmUp;
import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.task.WindowAnswer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Lets a model see documents, all of whose windows share micro-batches with those of others. Thread-safe.
 *
 * @param <W> what the model looks at together
 * @param <B> windows laid out for a run
 */
final class DocumentBatcher<W, B extends Batch> implements AutoCloseable {

    private final PackedModel<W, B> model;
    private final MicroBatcher<W, B, WindowAnswer> batcher;

    /** Warms the graph up and starts the batches. The caller closes the session, after this. */
    DocumentBatcher(PackedModel<W, B> model, OnnxSession session, BatchBudget budget) {
        BatchModel<B, WindowAnswer> graph = model.graph(session);
        WarmUp.of(graph, model.layout(), budget);
        this.model = model;
        this.batcher = new MicroBatcher<>(graph, model.layout(), budget, model.knownGoodWindow());
    }

    /** From now on, a run that takes longer hangs. */
    void watch(Duration runTimeout) {
        batcher.watch(runTimeout);
    }

    /** Let the model see every window of a document; an urgent one may overtake others. Who cancels the answer gives up their turns. */
    CompletableFuture<List<WindowResult<WindowAnswer>>> answer(SegmentedDocument document, boolean urgent) {
        List<CompletableFuture<WindowResult<WindowAnswer>>> results = batcher.submit(model.windows(document), urgent);
        CompletableFuture<List<WindowResult<WindowAnswer>>> answer = CompletableFuture.allOf(
                        results.toArray(CompletableFuture[]::new))
                .handle((done, failure) -> joined(results));
        var unused = answer.whenComplete((done, failure) -> {
            if (answer.isCancelled()) {
                results.forEach(result -> result.cancel(false));
            }
        });
        return answer;
    }

    /** The results, or the failure of a window that was with the model rather than of one that was not. */
    private static List<WindowResult<WindowAnswer>> joined(
            List<CompletableFuture<WindowResult<WindowAnswer>>> results) {
        List<CompletableFuture<WindowResult<WindowAnswer>>> failed = results.stream()
                .filter(CompletableFuture::isCompletedExceptionally)
                .toList();
        failed.stream().filter(result -> !result.isCancelled()).forEach(CompletableFuture::join);
        failed.forEach(CompletableFuture::join);
        return results.stream().map(CompletableFuture::join).toList();
    }

    BatchStatistics statistics() {
        return batcher.statistics();
    }

    boolean isOpen() {
        return batcher.isOpen();
    }

    /** Waits for the batch that runs. Futures of documents whose turn has not come complete exceptionally. */
    @Override
    public void close() {
        batcher.close();
    }
}
