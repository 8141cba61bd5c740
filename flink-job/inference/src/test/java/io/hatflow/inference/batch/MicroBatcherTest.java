package io.hatflow.inference.batch;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hatflow.inference.TestFiles;
import io.hatflow.inference.batch.WindowResult.Refused;
import io.hatflow.inference.batch.WindowResult.Scored;
import io.hatflow.inference.bundle.Manifest.PadSegment;
import io.hatflow.inference.hat.PackedBatch;
import io.hatflow.inference.hat.PackedGraph;
import io.hatflow.inference.hat.Packing;
import io.hatflow.inference.hat.Window;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.onnx.OnnxSession;
import io.hatflow.inference.task.ProblemType;
import io.hatflow.inference.task.SegmentHead;
import io.hatflow.inference.task.WindowAnswer;
import io.hatflow.inference.text.Span;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MicroBatcherTest {

    private static final Packing PACKING = new Packing(16, 6, 0, null, 1, PadSegment.NONE);
    private static final Window KNOWN = window(7);
    /** Its embedding does not exist: ONNX Runtime really fails on it. */
    private static final Window POISON = window(1_000_000);

    private static final Window SIX = new Window(
            new int[] {1, 2, 3, 4, 5, 6},
            IntStream.range(0, 6).mapToObj(i -> new Span(i, i + 1)).toList());

    /** A document of one window. */
    private static CompletableFuture<WindowResult<WindowAnswer>> submit(
            MicroBatcher<Window, PackedBatch, WindowAnswer> batcher, Window window, boolean urgent) {
        return batcher.submit(List.of(window), urgent).get(0);
    }

    @Test
    void windowsThatQueueWhileTheModelIsBusyShareBatchesUpToTheBudget() throws Exception {
        try (OnnxSession session = session();
                MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                        new MicroBatcher<>(model(session), PACKING, BatchBudget.fixed(4), KNOWN)) {
            List<CompletableFuture<WindowResult<WindowAnswer>>> results;
            synchronized (session) { // the model is busy: its run waits for this
                results = IntStream.range(0, 21)
                        .mapToObj(i -> submit(batcher, window(i), false))
                        .toList();
            }
            List<Integer> batchSizes = new ArrayList<>();
            long previousRun = -1;
            for (CompletableFuture<WindowResult<WindowAnswer>> result : results) {
                long run =
                        ((Scored<WindowAnswer>) result.get()).inferenceNanos(); // the same for all windows of a batch
                if (run == previousRun) {
                    batchSizes.set(batchSizes.size() - 1, batchSizes.get(batchSizes.size() - 1) + 1);
                } else {
                    batchSizes.add(1);
                }
                previousRun = run;
            }
            // The first batch left with what was there when it left, the last one holds the rest.
            assertThat(batchSizes).hasSizeGreaterThan(4).allSatisfy(size -> assertThat(size)
                    .isBetween(1, 4));
            assertThat(batchSizes.subList(1, batchSizes.size() - 1)).containsOnly(4);
        }
    }

    /** A batch may be laid out just when the model's thread finds nothing left to wait for. */
    @Test
    void noBatchIsLeftLyingWhenTheModelIsFasterThanTheOneWhoLaysOut() throws Exception {
        BatchModel<PackedBatch, WindowAnswer> instant = batch -> IntStream.range(0, batch.rows())
                .mapToObj(row -> new WindowAnswer(new float[0], new float[1][1]))
                .toList();
        for (int trial = 0; trial < 300; trial++) {
            try (MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                    new MicroBatcher<>(instant, PACKING, BatchBudget.fixed(2), KNOWN)) {
                List<CompletableFuture<WindowResult<WindowAnswer>>> results = IntStream.range(0, 200)
                        .mapToObj(i -> submit(batcher, KNOWN, false))
                        .toList();
                CompletableFuture.allOf(results.toArray(CompletableFuture[]::new))
                        .get(20, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void aWindowAboveTheBudgetRunsAlone() throws Exception {
        try (OnnxSession session = session();
                MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                        new MicroBatcher<>(model(session), PACKING, BatchBudget.fixed(2), KNOWN)) {
            assertThat(((Scored<WindowAnswer>) submit(batcher, SIX, false).get())
                            .answer()
                            .segments())
                    .hasNumberOfRows(6);
        }
    }

    /** The long run ends only when the short one has: it would wait for ever if the two could not overlap. */
    @Test
    void aShortDocumentRunsBesideALongRunAndALongOneDoesNot() throws Exception {
        try (OnnxSession session = session()) {
            PackedGraph graph = new PackedGraph(session, new SegmentHead(ProblemType.MULTI_LABEL, 3));
            CountDownLatch longRuns = new CountDownLatch(1);
            CountDownLatch shortAnswered = new CountDownLatch(1);
            AtomicInteger longAtOnce = new AtomicInteger();
            BatchModel<PackedBatch, WindowAnswer> model = batch -> {
                if (batch.rows() == 6) {
                    assertThat(longAtOnce.incrementAndGet()).isEqualTo(1);
                    longRuns.countDown();
                    await(shortAnswered);
                    longAtOnce.decrementAndGet();
                }
                return graph.run(batch);
            };
            try (MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                    new MicroBatcher<>(model, PACKING, BatchBudget.fixed(2), KNOWN)) {
                List<CompletableFuture<WindowResult<WindowAnswer>>> filing =
                        batcher.submit(List.of(SIX, SIX, SIX), false);
                await(longRuns);
                assertThat(submit(batcher, KNOWN, false).get()).isInstanceOf(Scored.class);
                assertThat(filing).noneMatch(CompletableFuture::isDone);
                shortAnswered.countDown();
                for (CompletableFuture<WindowResult<WindowAnswer>> window : filing) {
                    assertThat(window.get()).isInstanceOf(Scored.class);
                }
            }
        }
    }

    /** Memory for one run at a time: neither the budget nor any document is to blame. */
    @Test
    void whatRunsOutOfMemoryBesideALongRunIsRunAgainAlone() throws Exception {
        try (OnnxSession session = session()) {
            PackedGraph graph = new PackedGraph(session, new SegmentHead(ProblemType.MULTI_LABEL, 3));
            CountDownLatch longRuns = new CountDownLatch(1);
            CountDownLatch shortFailed = new CountDownLatch(1);
            AtomicInteger running = new AtomicInteger();
            BatchModel<PackedBatch, WindowAnswer> model = batch -> {
                try {
                    if (running.incrementAndGet() > 1) {
                        shortFailed.countDown();
                        throw new InferenceException("failed to allocate memory", new IllegalStateException(), true);
                    }
                    if (batch.rows() == 6) {
                        longRuns.countDown();
                        await(shortFailed);
                    }
                    return graph.run(batch);
                } finally {
                    running.decrementAndGet();
                }
            };
            try (MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                    new MicroBatcher<>(model, PACKING, BatchBudget.fixed(2), KNOWN)) {
                CompletableFuture<WindowResult<WindowAnswer>> filing = submit(batcher, SIX, false);
                await(longRuns);
                CompletableFuture<WindowResult<WindowAnswer>> line = submit(batcher, KNOWN, false);
                assertThat(filing.get()).isInstanceOf(Scored.class);
                assertThat(line.get()).isInstanceOf(Scored.class);
                assertThat(batcher.statistics().budgetRows()).isEqualTo(2);
                assertThat(batcher.isOpen()).isTrue();
            }
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void thePoisonedWindowAloneIsRefusedAndItsNeighboursGetTheirScores() throws Exception {
        try (OnnxSession session = session();
                MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                        new MicroBatcher<>(model(session), PACKING, BatchBudget.fixed(64), KNOWN)) {
            float[][] alone = ((Scored<WindowAnswer>)
                            submit(batcher, KNOWN, false).get())
                    .answer()
                    .segments();
            List<CompletableFuture<WindowResult<WindowAnswer>>> results;
            synchronized (session) {
                results = IntStream.range(0, 9)
                        .mapToObj(i -> submit(batcher, i == 5 ? POISON : KNOWN, false))
                        .toList();
            }
            for (int i = 0; i < results.size(); i++) {
                WindowResult<WindowAnswer> result = results.get(i).get();
                if (i == 5) {
                    assertThat(result).isInstanceOfSatisfying(Refused.class, refused -> assertThat(refused.message())
                            .contains("the model fails on this document"));
                } else {
                    assertThat(((Scored<WindowAnswer>) result).answer().segments()[0])
                            .isEqualTo(alone[0]);
                }
            }
        }
    }

    @Test
    void whenTheModelFailsOnEverythingTheMachineIsAtFault() {
        try (OnnxSession session = session();
                MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                        new MicroBatcher<>(model(session), PACKING, BatchBudget.fixed(64), POISON)) {
            CompletableFuture<WindowResult<WindowAnswer>> failed = submit(batcher, POISON, false);
            assertThatThrownBy(failed::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(InferenceException.class);
            assertThat(batcher.isOpen()).isFalse();
            CompletableFuture<WindowResult<WindowAnswer>> later = submit(batcher, KNOWN, false);
            assertThatThrownBy(later::get)
                    .isInstanceOf(CancellationException.class)
                    .hasCauseInstanceOf(InferenceException.class);
        }
    }

    @Test
    void aRunThatDoesNotReturnFailsItsWindowsAndCancelsThoseThatWait() throws Exception {
        CountDownLatch hanging = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        BatchModel<PackedBatch, WindowAnswer> hangs = batch -> {
            hanging.countDown();
            awaitUninterruptibly(end);
            return zeros(batch);
        };
        MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                new MicroBatcher<>(hangs, PACKING, BatchBudget.fixed(1), KNOWN);
        batcher.watch(Duration.ofMillis(200));
        CompletableFuture<WindowResult<WindowAnswer>> first = submit(batcher, KNOWN, false);
        hanging.await();
        CompletableFuture<WindowResult<WindowAnswer>> waiting = submit(batcher, KNOWN, false);

        assertThatThrownBy(() -> first.get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(TimeoutException.class)
                .hasMessageContaining("its run of 1 segments has not returned within 200 ms");
        assertThatThrownBy(() -> waiting.get(30, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
        assertThat(batcher.isOpen()).isFalse();
        end.countDown();
        batcher.close();
    }

    @Test
    void whatIsCancelledBeforeItsTurnIsNotShownToTheModel() throws Exception {
        List<Integer> sizes = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch allWait = new CountDownLatch(1);
        BatchModel<PackedBatch, WindowAnswer> model = batch -> {
            awaitUninterruptibly(allWait);
            sizes.add(batch.rows());
            return zeros(batch);
        };
        try (MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                new MicroBatcher<>(model, PACKING, BatchBudget.fixed(1), KNOWN)) {
            List<CompletableFuture<WindowResult<WindowAnswer>>> results = IntStream.range(0, 40)
                    .mapToObj(i -> submit(batcher, window(i), i % 3 == 0))
                    .toList();
            // One may run and one may be laid out already.
            results.subList(2, 39).forEach(result -> result.cancel(false));
            allWait.countDown();
            assertThat(results.get(39).get(30, TimeUnit.SECONDS)).isInstanceOf(Scored.class);
            assertThat(sizes).hasSizeLessThanOrEqualTo(5);
            assertThat(batcher.statistics().queuedWindows()).isZero();
        }
    }

    /** Of the documents of the next two tests, whose windows exceed the budget of four. */
    private static final List<Window> TWO_THOUSAND_SEGMENTS = Collections.nCopies(334, SIX);

    @Test
    void lonelyLinesAreInTheNextBatchWhileADocumentOfTwoThousandSegmentsIsRead() throws Exception {
        List<Integer> runs = new ArrayList<>();
        List<CompletableFuture<WindowResult<WindowAnswer>>> lines = Collections.synchronizedList(new ArrayList<>());
        AtomicReference<@Nullable MicroBatcher<Window, PackedBatch, WindowAnswer>> reader = new AtomicReference<>();
        BatchModel<PackedBatch, WindowAnswer> model = batch -> {
            runs.add(batch.rows());
            if (batch.rows() == 6 && lines.size() < 1000) { // three of them come while the model is busy
                for (int i = 0; i < 3; i++) {
                    lines.add(submit(requireNonNull(reader.get()), KNOWN, false));
                }
            }
            return zeros(batch);
        };
        try (MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                new MicroBatcher<>(model, PACKING, BatchBudget.fixed(4), KNOWN)) {
            reader.set(batcher);
            for (CompletableFuture<WindowResult<WindowAnswer>> window : batcher.submit(TWO_THOUSAND_SEGMENTS, false)) {
                window.get();
            }
            for (CompletableFuture<WindowResult<WindowAnswer>> line : List.copyOf(lines)) {
                line.get();
            }
        }
        assertThat(lines).hasSize(1002);
        // A window of the long document, the lines that came meanwhile, the next window.
        assertThat(runs).hasSize(2 * 334);
        assertThat(IntStream.range(0, runs.size()).filter(run -> runs.get(run) != (run % 2 == 0 ? 6 : 3)))
                .isEmpty();
    }

    @Test
    void aThousandLinesDoNotStarveADocumentOfTwoThousandSegmentsNorWaitForIt() throws Exception {
        List<Integer> runs = new ArrayList<>();
        CountDownLatch modelRuns = new CountDownLatch(1);
        CountDownLatch allWait = new CountDownLatch(1);
        BatchModel<PackedBatch, WindowAnswer> model = batch -> {
            modelRuns.countDown();
            awaitUninterruptibly(allWait);
            runs.add(batch.rows());
            return zeros(batch);
        };
        List<CompletableFuture<WindowResult<WindowAnswer>>> all = new ArrayList<>();
        try (MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                new MicroBatcher<>(model, PACKING, BatchBudget.fixed(4), KNOWN)) {
            all.add(submit(batcher, KNOWN, false));
            await(modelRuns);
            all.addAll(batcher.submit(TWO_THOUSAND_SEGMENTS, false));
            for (int i = 0; i < 1000; i++) {
                all.add(submit(batcher, KNOWN, false));
            }
            allWait.countDown();
            for (CompletableFuture<WindowResult<WindowAnswer>> result : all) {
                result.get();
            }
        }
        assertThat(runs).hasSize(1 + 334 + 250);
        int lastLines = runs.lastIndexOf(4);
        assertThat(runs.subList(0, lastLines)).filteredOn(rows -> rows == 6).hasSizeBetween(250 / 3 - 1, 250 / 3 + 3);
    }

    @Test
    void closingFailsWhatWaitsAndWaitsForWhatRuns() throws Exception {
        try (OnnxSession session = session()) {
            MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                    new MicroBatcher<>(model(session), PACKING, BatchBudget.fixed(1), KNOWN);
            Thread closer = new Thread(batcher::close);
            synchronized (session) {
                List<CompletableFuture<WindowResult<WindowAnswer>>> submitted =
                        List.of(submit(batcher, KNOWN, false), submit(batcher, KNOWN, false));
                closer.start();
                // One of them may be in the batch that runs; the other can only be waiting.
                assertThatThrownBy(() -> submitted.get(1).get(30, TimeUnit.SECONDS))
                        .isInstanceOf(CancellationException.class);
            }
            closer.join();
            assertThat(submit(batcher, KNOWN, false)).isCompletedExceptionally();
        }
    }

    @Test
    void whenMemoryRunsOutBatchesAreHalvedUntilTheyFitAndStaySmall() throws Exception {
        List<Integer> sizes = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch allWait = new CountDownLatch(1);
        BatchModel<PackedBatch, WindowAnswer> eightFit = batch -> {
            awaitUninterruptibly(allWait);
            sizes.add(batch.rows());
            if (batch.rows() > 8) {
                throw new InferenceException("Failed to allocate memory", new OutOfMemoryError(), true);
            }
            return zeros(batch);
        };
        try (MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                new MicroBatcher<>(eightFit, PACKING, BatchBudget.fixed(32), KNOWN)) {
            List<CompletableFuture<WindowResult<WindowAnswer>>> results = IntStream.range(0, 200)
                    .mapToObj(i -> submit(batcher, window(i), false))
                    .toList();
            allWait.countDown();
            for (CompletableFuture<WindowResult<WindowAnswer>> result : results) {
                assertThat(result.get()).isInstanceOf(Scored.class);
            }
            // Half of the first size that did not fit, whatever waited when it was taken.
            assertThat(batcher.statistics().budgetRows()).isBetween(4, 8);
            // At most two batches were laid out before the budget came down; of each, the whole and its halves fail.
            assertThat(batcher.statistics().outOfMemory()).isBetween(1L, 6L);
            assertThat(sizes).filteredOn(rows -> rows > 8).hasSizeLessThanOrEqualTo(6);
        }
    }

    @Test
    void whenMemoryDoesNotSufficeForOneWindowTheMachineIsAtFault() {
        BatchModel<PackedBatch, WindowAnswer> noneFits = batch -> {
            throw new InferenceException("CUDA out of memory", new OutOfMemoryError(), true);
        };
        try (MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                new MicroBatcher<>(noneFits, PACKING, BatchBudget.fixed(4), KNOWN)) {
            assertThatThrownBy(submit(batcher, KNOWN, false)::get).hasCauseInstanceOf(InferenceException.class);
        }
    }

    @Test
    void everyWindowIsAnsweredWhenTheMachineFailsOrTheBatcherClosesInFullSwing() throws Exception {
        for (int round = 0; round < 200; round++) {
            int failing = round;
            AtomicInteger runs = new AtomicInteger();
            BatchModel<PackedBatch, WindowAnswer> model = batch -> {
                if (failing % 2 == 0 && runs.incrementAndGet() > failing / 8) {
                    throw new IllegalStateException("the device is gone");
                }
                return zeros(batch);
            };
            MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                    new MicroBatcher<>(model, PACKING, BatchBudget.fixed(4), KNOWN);
            List<CompletableFuture<WindowResult<WindowAnswer>>> results = IntStream.range(0, 100)
                    .mapToObj(i -> submit(batcher, window(i), i % 3 == 0))
                    .toList();
            batcher.close();
            assertThat(results).allMatch(CompletableFuture::isDone);
        }
    }

    @Test
    void statisticsCountWhatWasRun() throws Exception {
        Window three = new Window(new int[] {1, 2, 3, 4}, List.of(new Span(0, 1), new Span(1, 2), new Span(2, 4)));
        try (OnnxSession session = session();
                MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                        new MicroBatcher<>(model(session), PACKING, BatchBudget.fixed(4), KNOWN)) {
            submit(batcher, three, false).get();
            submit(batcher, KNOWN, true).get();
            BatchStatistics statistics = batcher.statistics();
            assertThat(statistics.batches()).isEqualTo(2);
            assertThat(statistics.windows()).isEqualTo(2);
            assertThat(statistics.rows()).isEqualTo(4);
            assertThat(statistics.tokens()).isEqualTo(2 + 2 + 3 + 2);
            assertThat(statistics.tokenSlots()).isEqualTo(4 * 16);
            assertThat(statistics.queuedWindows()).isZero();
            assertThat(statistics.runNanos()).isPositive();
            assertThat(statistics.fixedNanos() + statistics.nanosPerRow()).isPositive();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static List<WindowAnswer> zeros(PackedBatch batch) {
        return batch.deal(new float[0][], new float[batch.rows()][1]);
    }

    private static Window window(int tokenId) {
        return new Window(new int[] {tokenId}, List.of(new Span(0, 1)));
    }

    /** Who holds the session's monitor keeps the model busy. */
    private static BatchModel<PackedBatch, WindowAnswer> model(OnnxSession session) {
        PackedGraph graph = new PackedGraph(session, new SegmentHead(ProblemType.MULTI_LABEL, 3));
        return batch -> {
            synchronized (session) {
                return graph.run(batch);
            }
        };
    }

    private static OnnxSession session() {
        return OnnxSession.open(TestFiles.FIXTURES.resolve("sentcls").resolve("model.onnx"), 1, Device.CPU);
    }
}
