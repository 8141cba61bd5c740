package io.hatflow.benchmarks.growth;

import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.report.Progress;
import io.hatflow.benchmarks.throughput.Ratio;
import io.hatflow.inference.batch.BatchBudget;
import io.hatflow.inference.batch.BatchModel;
import io.hatflow.inference.batch.MicroBatcher;
import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.hat.PackedBatch;
import io.hatflow.inference.hat.Window;
import io.hatflow.inference.task.WindowAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** What queueing, batching and answering cost for each document, from ten that wait to ten thousand: it should be flat. */
final class QueueDepth {

    /** Microseconds for each document, medians: to hand it in, and to lay it out in a batch and complete its future. */
    record Point(int documents, double submitMicros, double answerMicros) {}

    private static final int[] DEPTHS = {10, 30, 100, 300, 1000, 3000, 10_000};
    private static final int LARGEST_TRIAL = 20_000;
    private static final int BATCH_SEGMENTS = 32;

    private QueueDepth() {}

    static List<Point> measure(TextReader reader, Progress progress) {
        List<Point> points = new ArrayList<>();
        Window window = reader.read("The term begins on the first day of March.")
                .windows()
                .get(0);
        trials(reader, window, 1000); // for the compiler
        for (int depth : DEPTHS) {
            Point point = trials(reader, window, depth);
            points.add(point);
            progress.say(String.format(
                    Locale.ROOT,
                    "%,d documents in the queue: %.2f µs to hand in, %.2f µs to answer, each",
                    depth,
                    point.submitMicros(),
                    point.answerMicros()));
        }
        return points;
    }

    private static Point trials(TextReader reader, Window window, int depth) {
        List<Double> submit = new ArrayList<>();
        List<Double> answer = new ArrayList<>();
        for (int trial = 0; trial < Math.min(100, Math.max(5, LARGEST_TRIAL / depth)); trial++) {
            CountDownLatch allWait = new CountDownLatch(1);
            StandInDevice device =
                    new StandInDevice(0, reader.manifest().labels().size());
            BatchModel<PackedBatch, WindowAnswer> held = batch -> {
                awaitQuietly(allWait);
                return device.run(batch);
            };
            try (MicroBatcher<Window, PackedBatch, WindowAnswer> batcher =
                    new MicroBatcher<>(held, reader.packing(), BatchBudget.fixed(BATCH_SEGMENTS), window)) {
                List<CompletableFuture<WindowResult<WindowAnswer>>> results = new ArrayList<>(depth);
                long begun = System.nanoTime();
                for (int i = 0; i < depth; i++) {
                    results.addAll(batcher.submit(List.of(window), false));
                }
                long submitted = System.nanoTime();
                allWait.countDown();
                CompletableFuture.allOf(results.toArray(CompletableFuture[]::new))
                        .join();
                long answered = System.nanoTime();
                submit.add((submitted - begun) / 1e3 / depth);
                answer.add((answered - submitted) / 1e3 / depth);
            }
        }
        return new Point(depth, Ratio.median(submit), Ratio.median(answer));
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
