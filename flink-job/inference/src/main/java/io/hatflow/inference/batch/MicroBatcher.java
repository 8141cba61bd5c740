package io.hatflow.inference.batch;

import io.hatflow.inference.batch.WindowQueue.Waiting;
import io.hatflow.inference.batch.WindowResult.Refused;
import io.hatflow.inference.batch.WindowResult.Scored;
import io.hatflow.inference.onnx.InferenceException;
import io.hatflow.inference.onnx.OnnxModel;
import io.hatflow.inference.packing.PackedBatch;
import io.hatflow.inference.packing.Packing;
import io.hatflow.inference.packing.Window;
import io.hatflow.inference.packing.WindowLogits;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;

/**
 * Keeps the model busy with micro-batches, and decides whose fault a failed run is.
 *
 * <p>Work-conserving: whenever the model is free it takes what waits, up to a budget of segments, and never waits for more. Batches
 * grow by themselves while documents queue; a lone document leaves at once. One thread, which runs the model and completes the futures.
 *
 * <p>A failed batch is halved until the guilty window stands alone. If the model then still works on a window that is known to be good, the
 * lone window is refused; if it does not, the machine is at fault and everything fails.
 */
public final class MicroBatcher implements AutoCloseable {

    private final OnnxModel model;
    private final Packing packing;
    private final int budgetRows;
    private final Window knownGood;
    private final WindowQueue queue = new WindowQueue();
    private final Thread thread;

    /**
     * Start the inference thread.
     *
     * @param model used by this alone until {@link #close} returns; the caller closes it afterwards
     * @param budgetRows most segments of a batch; a window with more runs alone
     * @param knownGood a window that the model has been seen to answer
     */
    public MicroBatcher(OnnxModel model, Packing packing, int budgetRows, Window knownGood) {
        this.model = model;
        this.packing = packing;
        this.budgetRows = budgetRows;
        this.knownGood = knownGood;
        this.thread = new Thread(this::runUntilClosed, "hatflow-inference");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Let the model see a window.
     *
     * @return completes on the inference thread; exceptionally if the machine is at fault (the cause says what happened) or the batcher
     *     is closed before the window's turn
     */
    public CompletableFuture<WindowResult> submit(Window window) {
        CompletableFuture<WindowResult> result = new CompletableFuture<>();
        queue.put(new Waiting(window, packing.rows(window), System.nanoTime(), result));
        return result;
    }

    private void runUntilClosed() {
        try {
            for (List<Waiting> batch = queue.take(budgetRows); !batch.isEmpty(); batch = queue.take(budgetRows)) {
                run(batch);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            queue.close(new CancellationException("the inference thread was interrupted"));
        }
    }

    /** Completes the future of every window of the batch, whatever happens. */
    private void run(List<Waiting> batch) {
        try {
            long begun = System.nanoTime();
            List<WindowLogits> logits = model.run(
                    new PackedBatch(packing, batch.stream().map(Waiting::window).toList()));
            long nanos = System.nanoTime() - begun;
            for (int i = 0; i < batch.size(); i++) {
                Waiting window = batch.get(i);
                window.result().complete(scored(logits.get(i), begun - window.enqueuedNanos(), nanos));
            }
        } catch (InferenceException e) {
            isolate(batch, e);
        } catch (Throwable e) { // a batch whose futures never complete would stop the job without a word
            fail(batch, e);
        }
    }

    private static WindowResult scored(WindowLogits logits, long queueNanos, long inferenceNanos) {
        return logits.isFinite()
                ? new Scored(logits, queueNanos, inferenceNanos)
                : new Refused("the model's scores for this document are not finite numbers");
    }

    private void isolate(List<Waiting> batch, InferenceException failure) {
        if (batch.size() > 1) {
            run(batch.subList(0, batch.size() / 2));
            run(batch.subList(batch.size() / 2, batch.size()));
        } else if (modelWorks()) {
            batch.get(0).result().complete(new Refused("the model fails on this document: " + failure.getMessage()));
        } else {
            fail(batch, failure);
        }
    }

    private boolean modelWorks() {
        try {
            return model.run(new PackedBatch(packing, List.of(knownGood)))
                    .get(0)
                    .isFinite();
        } catch (InferenceException e) {
            return false;
        }
    }

    private void fail(List<Waiting> batch, Throwable failure) {
        queue.close(failure);
        batch.forEach(window -> window.result().completeExceptionally(failure));
    }

    /** Waits for the batch that runs; what still waits fails with a {@link CancellationException}. */
    @Override
    public void close() {
        queue.close(new CancellationException("the classifier was closed before this document's turn"));
        boolean interrupted = false;
        while (thread.isAlive() && thread != Thread.currentThread()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                // Leaving now would let the caller close a model that still runs, which crashes the process.
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
