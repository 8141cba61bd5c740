package io.hatflow.chaos.check;

import java.time.Duration;
import java.util.BitSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/** Follows the outputs while the job runs: how many records have an answer that can be read, and how far it is. Thread-safe. */
public final class LiveAnswers implements AutoCloseable {

    private final Topics topics;
    private final Wire wire;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final BitSet[] answered = new BitSet[Documents.PARTITIONS];
    private final long[] furthest = new long[Documents.PARTITIONS];
    private int count;
    private @Nullable RuntimeException failure;

    public LiveAnswers(Topics topics, Wire wire) {
        this.topics = topics;
        this.wire = wire;
        this.consumer = topics.reader(true, topics.labelled(), topics.deadLetters());
        for (int i = 0; i < answered.length; i++) {
            answered[i] = new BitSet();
            furthest[i] = -1;
        }
        new Thread(this::follow, "live-answers").start();
    }

    private void follow() {
        try {
            while (true) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    take(
                            record.topic().equals(topics.labelled())
                                    ? Answer.labelled(wire, record)
                                    : Answer.deadLetter(wire, record));
                }
            }
        } catch (WakeupException closed) {
            // That was its purpose.
        } catch (RuntimeException e) {
            synchronized (this) {
                failure = e;
            }
        } finally {
            consumer.close();
        }
    }

    private void check() {
        if (failure != null) {
            throw new IllegalStateException("The events cannot be followed any more", failure);
        }
    }

    private synchronized void take(Answer answer) {
        if (!answered[answer.partition()].get((int) answer.offset())) {
            answered[answer.partition()].set((int) answer.offset());
            count++;
        }
        furthest[answer.partition()] = Math.max(furthest[answer.partition()], answer.offset());
    }

    /**
     * Records that have an answer.
     *
     * @throws IllegalStateException if an event cannot be read
     */
    public synchronized int count() {
        check();
        return count;
    }

    /** Whether in every partition a record behind the given offset has an answer. */
    public synchronized boolean areBeyond(long[] offsets) {
        check();
        for (int i = 0; i < offsets.length; i++) {
            if (furthest[i] <= offsets[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        consumer.wakeup();
    }
}
