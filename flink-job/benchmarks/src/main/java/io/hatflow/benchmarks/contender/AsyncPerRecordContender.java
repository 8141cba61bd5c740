package io.hatflow.benchmarks.contender;

import static java.util.Objects.requireNonNull;

import ai.onnxruntime.OrtException;
import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.Slice;
import io.hatflow.benchmarks.model.PlainGraph;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.benchmarks.model.TextReader;
import io.hatflow.benchmarks.model.TextReader.Reading;
import io.hatflow.inference.hat.Window;
import io.hatflow.inference.task.WindowAnswer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.datastream.AsyncDataStream;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.async.RichAsyncFunction;
import org.jspecify.annotations.Nullable;

/**
 * Flink's async operator with one call for each document on a pool of threads, each running the model on one thread: no padded
 * segments, but no batches either. Results may overtake one another.
 */
public final class AsyncPerRecordContender implements Contender {

    private static final int CAPACITY = 128;

    /** The function travels to its task by serialization and finds its contender again here. */
    private static final AtomicReference<@Nullable AsyncPerRecordContender> OPEN = new AtomicReference<>();

    private final TextReader reader;
    private final PlainGraph graph;
    private final ExecutorService pool;

    public AsyncPerRecordContender(TextReader reader, Path plainGraph, Resources resources) throws OrtException {
        this.reader = reader;
        this.graph = PlainGraph.open(plainGraph, reader.packing(), resources, 1);
        this.pool = Executors.newFixedThreadPool(resources.threads());
        OPEN.set(this);
    }

    @Override
    public String name() {
        return "async-per-record";
    }

    @Override
    public Run run(Slice slice) throws Exception {
        return MemoryFedJob.run(slice, documents -> AsyncDataStream.unorderedWait(
                        documents, new Classify(), 1, TimeUnit.HOURS, CAPACITY)
                .returns(TypeInformation.of(Scored.class)));
    }

    private static final class Classify extends RichAsyncFunction<Document, Scored> {

        private static final long serialVersionUID = 1L;

        @Override
        public void asyncInvoke(Document document, ResultFuture<Scored> result) {
            AsyncPerRecordContender our = requireNonNull(OPEN.get());
            our.pool.execute(() -> {
                try {
                    result.complete(List.of(our.classify(document)));
                } catch (OrtException | RuntimeException e) {
                    result.completeExceptionally(e);
                }
            });
        }
    }

    private Scored classify(Document document) throws OrtException {
        Reading reading = reader.read(document.text());
        List<WindowAnswer> logits = new ArrayList<>();
        for (Window window : reading.windows()) {
            logits.addAll(graph.run(List.of(window), window.segments().size()));
        }
        return new Scored(document.id(), reader.scores(reading, logits).document());
    }

    @Override
    public void close() {
        OPEN.set(null);
        pool.shutdown();
        graph.close();
    }
}
