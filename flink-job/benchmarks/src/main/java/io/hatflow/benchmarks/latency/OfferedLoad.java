package io.hatflow.benchmarks.latency;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.kafka.Arrival;
import io.hatflow.benchmarks.kafka.RunningPipeline;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends documents when a Poisson process says so, whatever the pipeline does meanwhile. A latency counts from when the document should
 * have been sent: so a sender that was held up cannot hide what its documents would have waited.
 */
final class OfferedLoad {

    /** What a document took, in nanoseconds. */
    record Sample(Document document, long nanos) {}

    private final RunningPipeline pipeline;
    private final Random chance;

    OfferedLoad(RunningPipeline pipeline, Random chance) {
        this.pipeline = pipeline;
        this.chance = chance;
    }

    /** Sends the documents and awaits their events. */
    List<Sample> offer(List<Document> documents, double documentsPerSecond)
            throws InterruptedException, ExecutionException {
        Map<String, Long> scheduled = new HashMap<>();
        long next = System.nanoTime();
        for (Document document : documents) {
            next += (long) (-Math.log(1 - chance.nextDouble()) / documentsPerSecond * 1e9);
            sleepUntil(next);
            scheduled.put(document.id(), next);
            pipeline.send(pipeline.record(document));
        }
        Map<String, Arrival> arrivals = new HashMap<>();
        pipeline.await(documents.size()).forEach(arrival -> arrivals.put(arrival.id(), arrival));
        List<Sample> samples = new ArrayList<>();
        for (Document document : documents) {
            Arrival arrival = arrivals.get(document.id());
            Long sent = scheduled.get(document.id());
            if (arrival == null || sent == null) {
                throw new IllegalStateException("No event came for " + document.id());
            }
            samples.add(new Sample(document, arrival.nanos() - sent));
        }
        return samples;
    }

    private static void sleepUntil(long nanoTime) {
        for (long left = nanoTime - System.nanoTime(); left > 0; left = nanoTime - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
