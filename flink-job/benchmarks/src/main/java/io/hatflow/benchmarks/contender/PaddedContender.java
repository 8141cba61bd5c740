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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFlatMapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.util.Collector;

/**
 * What one writes first: a Flink function that calls the model itself, with documents padded to equal numbers of segments.
 *
 * <p>Documents beyond the model's N segments are cut into the same windows as ours; a batch is a number of windows.
 */
public final class PaddedContender implements Contender {

    /**
     * How windows come together.
     *
     * @param batch windows of one call
     * @param collect documents that are collected and sorted by length before they are cut into batches; 1 for none
     * @param padTo segments that every window is padded to; 0 for the longest of its batch
     */
    public record Batching(int batch, int collect, int padTo) {}

    /** Functions travel to their tasks by serialization and find reader and graph again by the contender's name. */
    private static final Map<String, PaddedContender> OPEN = new ConcurrentHashMap<>();

    private final String name;
    private final Batching batching;
    private final TextReader reader;
    private final PlainGraph graph;

    public PaddedContender(String name, Batching batching, TextReader reader, Path plainGraph, Resources resources)
            throws OrtException {
        this.name = name;
        this.batching = batching;
        this.reader = reader;
        this.graph = PlainGraph.open(plainGraph, reader.packing(), resources, resources.threads());
        OPEN.put(name, this);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Run run(Slice slice) throws Exception {
        return MemoryFedJob.run(
                slice,
                documents -> documents.flatMap(new Classify(name, batching)).returns(TypeInformation.of(Scored.class)));
    }

    private record Read(Document document, Reading reading) {}

    private static final class Classify extends RichFlatMapFunction<Document, Scored> {

        private static final long serialVersionUID = 1L;

        private final String contender;
        private final int batch;
        private final int collect;
        private final int padTo;
        private transient List<Read> collected = new ArrayList<>();

        Classify(String contender, Batching batching) {
            this.contender = contender;
            this.batch = batching.batch();
            this.collect = Math.max(batching.collect(), batching.batch());
            this.padTo = batching.padTo();
        }

        @Override
        public void open(OpenContext context) {
            collected = new ArrayList<>();
        }

        @Override
        public void flatMap(Document document, Collector<Scored> out) throws OrtException {
            PaddedContender our = requireNonNull(OPEN.get(contender));
            collected.add(new Read(document, our.reader.read(document.text())));
            // Real code would have to decide by a timer when to stop waiting for a batch to fill; here it is told.
            if (collected.size() >= collect || document.last()) {
                if (collect > batch) {
                    collected.sort(Comparator.comparing(
                            read -> read.reading().segments().size()));
                }
                our.classify(collected, batch, padTo).forEach(out::collect);
                collected.clear();
            }
        }
    }

    private List<Scored> classify(List<Read> documents, int batch, int padTo) throws OrtException {
        List<Window> windows = documents.stream()
                .flatMap(read -> read.reading().windows().stream())
                .toList();
        List<WindowAnswer> logits = new ArrayList<>();
        for (int from = 0; from < windows.size(); from += batch) {
            List<Window> together = windows.subList(from, Math.min(from + batch, windows.size()));
            int longest = together.stream()
                    .mapToInt(window -> window.segments().size())
                    .max()
                    .orElseThrow();
            logits.addAll(graph.run(together, padTo == 0 ? longest : padTo));
        }
        List<Scored> scored = new ArrayList<>();
        int at = 0;
        for (Read read : documents) {
            int count = read.reading().windows().size();
            scored.add(new Scored(
                    read.document().id(),
                    reader.scores(read.reading(), logits.subList(at, at + count))
                            .document()));
            at += count;
        }
        return scored;
    }

    @Override
    public void close() {
        OPEN.remove(name);
        graph.close();
    }
}
