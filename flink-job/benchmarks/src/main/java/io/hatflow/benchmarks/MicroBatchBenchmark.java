package io.hatflow.benchmarks;

import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.DocumentClassifier;
import io.hatflow.inference.Outcome;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Documents of mixed lengths per second: submitted together, so that they share micro-batches, against one after the other. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@OperationsPerInvocation(MicroBatchBenchmark.DOCUMENTS)
@Fork(1)
@Warmup(iterations = 2, time = 10)
@Measurement(iterations = 5, time = 10)
public class MicroBatchBenchmark {

    static final int DOCUMENTS = 32;

    @Param("deploy/bundles/contract-clauses")
    public String bundle = "";

    @SuppressWarnings("NullAway.Init") // by open(), which JMH calls first
    private DocumentClassifier classifier;

    private final List<String> texts;

    public MicroBatchBenchmark() {
        // Log-normal, like real streams: most documents are short, a few hold most of the text.
        Random chance = new Random(42);
        texts = IntStream.range(0, DOCUMENTS)
                .mapToObj(i ->
                        "The supplier delivers the goods within thirty days of each order, and bears the risk until then. "
                                .repeat((int) Math.max(1, Math.round(Math.exp(1.5 + chance.nextGaussian())))))
                .toList();
    }

    @Setup
    public void open() {
        classifier = DocumentClassifier.open(Path.of(bundle), ClassifierSettings.defaults());
    }

    @TearDown
    public void close() {
        classifier.close();
    }

    @Benchmark
    public List<Outcome> together() {
        List<CompletableFuture<Outcome>> outcomes =
                texts.stream().map(classifier::classify).toList();
        return outcomes.stream().map(CompletableFuture::join).toList();
    }

    @Benchmark
    public List<Outcome> oneByOne() {
        return texts.stream().map(text -> classifier.classify(text).join()).toList();
    }
}
