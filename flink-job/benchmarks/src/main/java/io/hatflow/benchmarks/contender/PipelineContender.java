package io.hatflow.benchmarks.contender;

import io.hatflow.benchmarks.document.Slice;
import io.hatflow.benchmarks.kafka.Arrival;
import io.hatflow.benchmarks.kafka.DefaultSettings;
import io.hatflow.benchmarks.kafka.Records;
import io.hatflow.benchmarks.kafka.RunningPipeline;
import io.hatflow.benchmarks.kafka.WireFormat;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.broker.LocalBroker;
import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.flink.pool.PooledClassifier;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Our job from Kafka to Kafka as it is deployed, broker, cluster, sender and reader on the same processors. The clock runs from the first
 * document's way to the broker until the last event is read.
 */
public final class PipelineContender implements Contender {

    private static final AtomicInteger RUNS = new AtomicInteger();

    private final String name;
    private final LocalBroker broker;
    private final Path folder;
    private final Path bundle;
    private final Resources resources;
    private final WireFormat format;
    /** Keeps the model open between runs, which are one job each. */
    private final PooledClassifier lease;

    /** {@code format}: of the documents' records. */
    public PipelineContender(
            String name, LocalBroker broker, Path folder, Path bundle, Resources resources, WireFormat format) {
        this.name = name;
        this.broker = broker;
        this.folder = folder;
        this.bundle = bundle;
        this.resources = resources;
        this.format = format;
        this.lease = ClassifierPool.lease(DefaultSettings.of(name, broker.bootstrapServers(), bundle, resources)
                .classify()
                .classifier());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Run run(Slice slice) throws Exception {
        // Topics of its own, so that nothing is left over from the run before.
        String topics = name + "-" + RUNS.incrementAndGet();
        try (RunningPipeline pipeline = RunningPipeline.start(broker, folder, topics, bundle, resources, format)) {
            pipeline.classify(slice.warmUp().stream().map(pipeline::record).toList());
            // What it takes to write records is their producers' business.
            List<ProducerRecord<byte[], byte[]>> measured =
                    slice.measured().stream().map(pipeline::record).toList();
            long begun = System.nanoTime();
            List<Arrival> arrivals = pipeline.classify(measured);
            Map<String, float[]> scores = new HashMap<>();
            arrivals.forEach(arrival -> scores.put(arrival.id(), Records.scores(arrival.value())));
            return new Run(begun, arrivals.get(arrivals.size() - 1).nanos() - begun, scores);
        }
    }

    @Override
    public void close() {
        lease.close();
    }
}
