package io.hatflow.inference.batch;

import io.hatflow.inference.batch.WindowQueue.Depth;
import io.hatflow.inference.batch.WindowResult.Refused;
import io.hatflow.inference.batch.WindowResult.Scored;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the model busy with micro-batches, and decides whose fault a failed run is.
 *
 * <p>Work-conserving: whenever the model is free it takes what waits, up to a budget of segments, and never waits for more. Batches
 * grow by themselves while documents queue; a lone document leaves at once.
 *
 * <p>Three threads. The inference thread does nothing but run the model, so that it runs without a break while short documents queue. Beside
 * it another lays out the next batch if short documents fill it already, completes the futures of the last, and looks whether a run
 * returns. The third runs short documents while a long run is under way, such as that of a window far above the budget, which cannot be
 * interrupted: the two share the processors, so that a line of text takes twice its time and not that of a window of a filing. Whose
 * windows are next is the {@link WindowQueue}'s business.
 *
 * <p>A failed batch is halved until the guilty window stands alone. If the model then still works on a window that is known to be good, the
 * lone window is refused. If it does not, if memory does not suffice for one window or if a run does not return, the machine is at fault:
 * the windows of that run fail with what happened, and all others with a {@link CancellationException}, because they were not with the
 * model.
 *
 * @param <W> a window: what the model looks at together
 * @param <B> windows laid out for a run
 * @param <A> the model's answer for a window
 */
public final class MicroBatcher<W, B extends Batch, A extends Answer> implements AutoCloseable {

    /**
     * A batch laid out for the model.
     *
     * @param besides whether it runs beside a long one
     */
    private record Prepared<W, B, A>(List<WaitingWindow<W, A>> windows, B laidOut, boolean besides) {}

    private static final String BESIDES = "hatflow-batches";

    /** A run of one window of more than so many times the budget is long. */
    private static final int LONG = 2;

    private final BatchModel<B, A> model;
    private final BatchLayout<W, B> layout;
    private final BatchBudget budget;
    private final W knownGood;
    private final WindowQueue<W, A> queue;
    private final AtomicReference<@Nullable Prepared<W, B, A>> ahead = new AtomicReference<>();
    private final List<Thread> inferenceThreads;
    /** Of the runs beside long ones, how many have begun or ended. */
    private final AtomicInteger changesOfCompany = new AtomicInteger();
    /** Null until {@link #watch}. */
    private volatile @Nullable Duration runTimeout;

    private volatile boolean failed;
    private final ScheduledThreadPoolExecutor besides;

    private final LongAdder batches = new LongAdder();
    private final LongAdder windows = new LongAdder();
    private final LongAdder rows = new LongAdder();
    private final Distribution rowsOfBatches = new Distribution(BatchStatistics.ROW_BOUNDS);
    private final LongAdder tokens = new LongAdder();
    private final LongAdder tokenSlots = new LongAdder();
    private final LongAdder runNanos = new LongAdder();
    private final LongAdder queueNanos = new LongAdder();
    private final LongAdder outOfMemory = new LongAdder();

    /**
     * Start the threads.
     *
     * @param model used by this alone until {@link #close} returns; the caller closes it afterwards
     * @param budget a window with more rows runs alone
     * @param knownGood a window that the model has been seen to answer
     */
    public MicroBatcher(BatchModel<B, A> model, BatchLayout<W, B> layout, BatchBudget budget, W knownGood) {
        this.model = model;
        this.layout = layout;
        this.budget = budget;
        this.knownGood = knownGood;
        this.queue = new WindowQueue<>(budget::rows);
        this.besides = new ScheduledThreadPoolExecutor(1, task -> daemon(task, BESIDES));
        besides.setRemoveOnCancelPolicy(true);
        this.inferenceThreads = List.of(
                daemon(this::runUntilClosed, "hatflow-inference"),
                daemon(this::runBesidesUntilClosed, "hatflow-short-documents"));
        inferenceThreads.forEach(Thread::start);
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** From now on, a run that takes longer hangs; time in the queue does not count. Before, the first runs of a device may take long. */
    public void watch(Duration runTimeout) {
        this.runTimeout = runTimeout;
    }

    /**
     * Let the model see a document.
     *
     * @param document its windows
     * @param urgent whether it may overtake documents that are not
     * @return for each window; completes on a thread of the batcher; exceptionally if the machine is at fault (the cause says what
     *     happened), with a {@link CancellationException} if that or a {@link #close} came before the window's turn. Who cancels it gives
     *     up its turn
     */
    public List<CompletableFuture<WindowResult<A>>> submit(List<W> document, boolean urgent) {
        long now = System.nanoTime();
        List<WaitingWindow<W, A>> waiting = document.stream()
                .map(window -> new WaitingWindow<>(
                        window, layout.rows(window), urgent, now, new CompletableFuture<WindowResult<A>>()))
                .toList();
        queue.put(waiting);
        return waiting.stream().map(WaitingWindow::result).toList();
    }

    private void runUntilClosed() {
        try {
            for (Prepared<W, B, A> batch = next(); batch != null; batch = next()) {
                if (!isLong(batch)) { // beside a long run, short documents run at once
                    besides.execute(this::prepareAhead);
                }
                run(batch);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            queue.close(new CancellationException("the inference thread was interrupted"));
        }
        abandonAhead();
    }

    private void runBesidesUntilClosed() {
        try {
            for (List<WaitingWindow<W, A>> taken = queue.takeBesides(); !taken.isEmpty(); taken = queue.takeBesides()) {
                changesOfCompany.incrementAndGet();
                Prepared<W, B, A> batch = prepared(taken, true);
                if (batch != null) {
                    run(batch);
                }
                changesOfCompany.incrementAndGet();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            queue.close(new CancellationException("a thread of the model was interrupted"));
        }
    }

    /** Null once the queue is closed. */
    private @Nullable Prepared<W, B, A> next() throws InterruptedException {
        while (queue.closedBecause() == null) {
            Prepared<W, B, A> prepared = ahead.getAndSet(null);
            if (prepared != null) {
                return prepared;
            }
            List<WaitingWindow<W, A>> taken = queue.take(() -> ahead.get() != null);
            Prepared<W, B, A> next = taken.isEmpty() ? null : prepared(taken, false);
            if (next != null) {
                return next;
            }
        }
        return null;
    }

    private void prepareAhead() {
        if (ahead.get() == null) {
            List<WaitingWindow<W, A>> full = queue.takeAhead();
            Prepared<W, B, A> next = full.isEmpty() ? null : prepared(full, false);
            if (next != null) {
                ahead.set(next);
                queue.wake(); // the inference thread may have found the queue empty meanwhile
                abandonAhead();
            }
        }
    }

    /** Where the queue is closed nobody may come for what was laid out. */
    private void abandonAhead() {
        Throwable cause = queue.closedBecause();
        Prepared<W, B, A> abandoned = cause == null ? null : ahead.getAndSet(null);
        if (cause != null && abandoned != null) {
            abandoned.windows().forEach(window -> window.result().completeExceptionally(cause));
        }
    }

    /** Null if it cannot be laid out, whose windows then fail. */
    private @Nullable Prepared<W, B, A> prepared(List<WaitingWindow<W, A>> waiting, boolean besides) {
        try {
            return new Prepared<>(
                    waiting,
                    layout.layOut(waiting.stream().map(WaitingWindow::window).toList()),
                    besides);
        } catch (Throwable e) { // a batch whose futures never complete would stop the job without a word
            fail(waiting, e);
            return null;
        }
    }

    /** Completes the future of every window of the batch, whatever happens. */
    private void run(Prepared<W, B, A> batch) {
        int company = changesOfCompany.get();
        try {
            long begun = System.nanoTime();
            List<A> answers = !batch.besides() && isLong(batch) ? longRun(batch) : watched(batch);
            long nanos = System.nanoTime() - begun;
            if (wasAlone(batch, company)) { // else it says little of the machine
                budget.record(batch.laidOut().rows(), nanos);
            }
            besides.execute(() -> {
                try {
                    complete(batch, answers, begun, nanos);
                } catch (Throwable e) {
                    fail(batch.windows(), e);
                }
            });
        } catch (InferenceException e) {
            if (!isOpen()) { // whose fault it was does not matter any more
                fail(batch.windows(), e);
            } else if (e.isOutOfMemory() && !wasAlone(batch, company)) {
                runAlone(batch);
            } else {
                isolate(batch, e);
            }
        } catch (Throwable e) { // a batch whose futures never complete would stop the job without a word
            fail(batch.windows(), e);
        }
    }

    private boolean wasAlone(Prepared<W, B, A> batch, int companyBefore) {
        return !batch.besides() && companyBefore % 2 == 0 && changesOfCompany.get() == companyBefore;
    }

    /** Memory does not suffice for two runs, which says nothing of either. */
    private void runAlone(Prepared<W, B, A> batch) {
        outOfMemory.increment();
        queue.runNothingBesides();
        if (batch.besides()) {
            batch.windows().forEach(window -> queue.put(List.of(window)));
        } else {
            run(batch);
        }
    }

    private boolean isLong(Prepared<W, B, A> batch) {
        return batch.windows().size() == 1 && batch.laidOut().rows() > LONG * budget.rows();
    }

    private List<A> longRun(Prepared<W, B, A> batch) throws InferenceException {
        queue.longRunBegins();
        try {
            return watched(batch);
        } finally {
            queue.longRunEnds();
        }
    }

    private List<A> watched(Prepared<W, B, A> batch) throws InferenceException {
        Duration limit = runTimeout;
        if (limit == null) {
            return model.run(batch.laidOut());
        }
        Future<?> watchdog = besides.schedule(() -> hangs(batch, limit), limit.toMillis(), TimeUnit.MILLISECONDS);
        try {
            return model.run(batch.laidOut());
        } finally {
            watchdog.cancel(false);
        }
    }

    private void hangs(Prepared<W, B, A> batch, Duration limit) {
        fail(
                batch.windows(),
                new TimeoutException("The model hangs: its run of "
                        + batch.laidOut().rows() + " segments has not returned within " + limit.toMillis() + " ms."));
    }

    private void complete(Prepared<W, B, A> batch, List<A> answers, long begun, long nanos) {
        long waited = 0;
        for (WaitingWindow<W, A> window : batch.windows()) {
            waited += begun - window.enqueuedNanos();
        }
        batches.increment();
        windows.add(batch.windows().size());
        rows.add(batch.laidOut().rows());
        rowsOfBatches.observe(batch.laidOut().rows());
        tokens.add(batch.laidOut().tokens());
        tokenSlots.add(batch.laidOut().tokenSlots());
        runNanos.add(batch.besides() ? 0 : nanos);
        queueNanos.add(waited);
        for (int i = 0; i < batch.windows().size(); i++) {
            WaitingWindow<W, A> window = batch.windows().get(i);
            window.result().complete(scored(answers.get(i), begun - window.enqueuedNanos(), nanos));
        }
    }

    private WindowResult<A> scored(A answer, long queueNanos, long inferenceNanos) {
        return answer.isFinite()
                ? new Scored<>(answer, queueNanos, inferenceNanos)
                : new Refused<>("the model's scores for this document are not finite numbers");
    }

    private void isolate(Prepared<W, B, A> batch, InferenceException failure) {
        List<WaitingWindow<W, A>> waiting = batch.windows();
        if (failure.isOutOfMemory()) {
            outOfMemory.increment();
            budget.outOfMemory(batch.laidOut().rows());
        }
        if (waiting.size() > 1) {
            runPart(waiting.subList(0, waiting.size() / 2), batch.besides());
            runPart(waiting.subList(waiting.size() / 2, waiting.size()), batch.besides());
        } else if (!failure.isOutOfMemory() && modelWorks()) {
            Refused<A> refused = new Refused<>("the model fails on this document: " + failure.getMessage());
            besides.execute(() -> waiting.get(0).result().complete(refused));
        } else {
            fail(waiting, failure);
        }
    }

    private void runPart(List<WaitingWindow<W, A>> windows, boolean besides) {
        Prepared<W, B, A> part = prepared(windows, besides);
        if (part != null) {
            run(part);
        }
    }

    private boolean modelWorks() {
        try {
            return model.run(layout.layOut(List.of(knownGood))).get(0).isFinite();
        } catch (InferenceException e) {
            return false;
        }
    }

    /** The batch first: what fails its task fails it for what was with the model, before the others give up. */
    private void fail(List<WaitingWindow<W, A>> batch, Throwable failure) {
        failed = true;
        batch.forEach(window -> window.result().completeExceptionally(failure));
        CancellationException notWithIt = new CancellationException(
                "this document was not with the model when it failed: " + failure.getMessage());
        notWithIt.initCause(failure);
        queue.close(notWithIt);
        abandonAhead();
    }

    /** Whether windows are answered: neither closed nor has the machine failed. */
    public boolean isOpen() {
        return !failed && queue.closedBecause() == null;
    }

    /** What was done so far and what waits. */
    public BatchStatistics statistics() {
        Depth depth = queue.depth();
        RunTimes.Fit fit = budget.fit();
        return new BatchStatistics(
                batches.sum(),
                windows.sum(),
                rows.sum(),
                rowsOfBatches.cumulative(),
                tokens.sum(),
                tokenSlots.sum(),
                runNanos.sum(),
                queueNanos.sum(),
                outOfMemory.sum(),
                depth.windows(),
                depth.rows(),
                depth.oldestNanos() == null ? 0 : System.nanoTime() - depth.oldestNanos(),
                budget.rows(),
                fit.fixedNanos(),
                fit.nanosPerRow());
    }

    /** Waits for the batches that run; what still waits fails with a {@link CancellationException}. */
    @Override
    public void close() {
        queue.close(new CancellationException("the classifier was closed before this document's turn"));
        abandonAhead();
        boolean interrupted = false;
        // Leaving before them would let the caller close a model that still runs.
        for (Thread thread : inferenceThreads) {
            while (thread.isAlive() && thread != Thread.currentThread()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        // Not shutdownNow: what is to be completed still is. Watchdogs are cancelled as their runs return.
        besides.shutdown();
        while (!besides.isTerminated() && !Thread.currentThread().getName().equals(BESIDES)) {
            try {
                besides.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
