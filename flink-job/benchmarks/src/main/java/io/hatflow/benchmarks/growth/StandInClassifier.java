package io.hatflow.benchmarks.growth;

import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.model.TextReader.Reading;
import io.hatflow.inference.Classification;
import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.batch.BatchBudget;
import io.hatflow.inference.batch.BatchModel;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.batch.MicroBatcher;
import io.hatflow.inference.batch.WindowResult;
import io.hatflow.inference.hat.PackedBatch;
import io.hatflow.inference.hat.Window;
import io.hatflow.inference.label.LabelPolicy;
import io.hatflow.inference.task.DocumentScores;
import io.hatflow.inference.task.WindowAnswer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The product's classifier with another device under its micro-batcher: everything else of a document's way is real. */
final class StandInClassifier implements AutoCloseable {

    private static final int EVIDENCE = 3;

    private final TextReader reader;
    private final LabelPolicy policy;
    private final MicroBatcher<Window, PackedBatch, WindowAnswer> batcher;

    StandInClassifier(TextReader reader, BatchModel<PackedBatch, WindowAnswer> device, int batchSegments) {
        this.reader = reader;
        this.policy = new LabelPolicy(reader.manifest(), EVIDENCE);
        this.batcher = new MicroBatcher<>(
                device,
                reader.packing(),
                BatchBudget.fixed(batchSegments),
                reader.read("Known.").windows().get(0));
    }

    CompletableFuture<Outcome> classify(String text, boolean urgent) {
        Reading reading = reader.read(text);
        List<CompletableFuture<WindowResult<WindowAnswer>>> results = batcher.submit(reading.windows(), urgent);
        return CompletableFuture.allOf(results.toArray(CompletableFuture[]::new))
                .thenApply(done -> labelled(
                        reading, results.stream().map(CompletableFuture::join).toList()));
    }

    private Outcome labelled(Reading reading, List<WindowResult<WindowAnswer>> results) {
        DocumentScores scores = reader.scores(reading, WindowResult.answers(results));
        int tokens = reading.tokens().count();
        return new Classification(
                policy.label(scores, reading.tokens(), reading.segments()),
                Coverage.COMPLETE,
                tokens,
                tokens,
                reading.segments().size(),
                reading.windows().size(),
                new Timings(0, 0, 0));
    }

    BatchStatistics statistics() {
        return batcher.statistics();
    }

    @Override
    public void close() {
        batcher.close();
    }
}
