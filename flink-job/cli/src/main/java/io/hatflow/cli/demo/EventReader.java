package io.hatflow.cli.demo;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads committed events of both output topics from their beginning. */
final class EventReader implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration PROGRESS_EVERY = Duration.ofSeconds(5);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final String labelledTopic;
    private final List<LabelledDocument> labelled = new ArrayList<>();
    private final List<DeadLetter> deadLetters = new ArrayList<>();

    EventReader(String bootstrapServers, String labelledTopic, String deadLetterTopic) {
        this.labelledTopic = labelledTopic;
        consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        List<TopicPartition> partitions =
                List.of(new TopicPartition(labelledTopic, 0), new TopicPartition(deadLetterTopic, 0));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
    }

    /**
     * Reads until there are so many events.
     *
     * @return false if they did not come in time
     * @throws ExecutionException if the job failed meanwhile
     */
    boolean readUntil(
            int events,
            Duration limit,
            CompletableFuture<?> job,
            BiConsumer<List<LabelledDocument>, List<DeadLetter>> progress)
            throws IOException, ExecutionException, InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        long next = System.nanoTime() + PROGRESS_EVERY.toNanos();
        while (labelled.size() + deadLetters.size() < events) {
            if (job.isCompletedExceptionally()) {
                job.get();
            }
            if (System.nanoTime() > end) {
                return false;
            }
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                if (record.topic().equals(labelledTopic)) {
                    labelled.add(LabelledDocument.getDecoder().decode(record.value()));
                } else {
                    deadLetters.add(DeadLetter.getDecoder().decode(record.value()));
                }
            }
            if (System.nanoTime() > next) {
                progress.accept(labelled, deadLetters);
                next = System.nanoTime() + PROGRESS_EVERY.toNanos();
            }
        }
        return true;
    }

    List<LabelledDocument> labelled() {
        return labelled;
    }

    List<DeadLetter> deadLetters() {
        return deadLetters;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
