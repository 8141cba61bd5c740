package io.hatflow.chaos.check;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.function.IntSupplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Sends record after record, at a rate or as fast as the job answers: it stops while too many have no answer, and never gives a record up.
 * Thread-safe.
 */
public final class Feeder implements AutoCloseable {

    private final Topics topics;
    private final Documents documents;
    private final int mostUnanswered;
    private final IntSupplier answered;
    private final KafkaProducer<byte[], byte[]> producer;
    private final Thread thread;
    private final long[] lastOffsets = new long[Documents.PARTITIONS];
    private int sent;
    private int acknowledged;
    private int limit;
    private long next = System.nanoTime();
    private long interval;
    private int version;
    private boolean killer;
    private boolean killerSent;
    private @Nullable Exception failure;

    /** Sends the records of the undisturbed run, and no more until {@link #goOn}. */
    public Feeder(Topics topics, Documents documents, int mostUnanswered, IntSupplier answered) {
        this.topics = topics;
        this.documents = documents;
        this.mostUnanswered = mostUnanswered;
        this.answered = answered;
        this.limit = documents.undisturbed();
        Arrays.fill(lastOffsets, -1);
        this.producer = new KafkaProducer<>(
                Map.of(
                        "bootstrap.servers", topics.bootstrapServers(),
                        "acks", "all",
                        "enable.idempotence", "true",
                        // Longer than any outage: a record without an answer of the broker would be one that nobody
                        // knows of.
                        "delivery.timeout.ms", "600000",
                        "max.block.ms", "600000",
                        "linger.ms", "5",
                        "max.request.size", Integer.toString(8 << 20),
                        "reconnect.backoff.max.ms", "500"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        this.thread = new Thread(this::feed, "feeder");
        thread.start();
    }

    private void feed() {
        try {
            for (int number = 0; ; number++) {
                Which which;
                synchronized (this) {
                    while (number >= limit
                            || number - answered.getAsInt() >= mostUnanswered
                            || System.nanoTime() < next) {
                        if (limit < 0) {
                            return;
                        }
                        wait(5);
                    }
                    next += interval;
                    which = documents.which(number, killer, version);
                    killer = false;
                    sent = number + 1;
                }
                var unused = producer.send(documents.record(topics.input(), which), (place, problem) -> {
                    synchronized (this) {
                        if (problem != null) {
                            failure = problem;
                        } else {
                            acknowledged++;
                            killerSent |= which.killer();
                            lastOffsets[place.partition()] = Math.max(lastOffsets[place.partition()], place.offset());
                        }
                    }
                });
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            synchronized (this) {
                failure = e;
            }
        }
    }

    /** Goes on without end, as fast as records are answered. */
    public synchronized void goOn() {
        limit = Integer.MAX_VALUE;
    }

    /** Goes on without end at this rate; what an outage held up is made up for. */
    public synchronized void goOn(double perSecond) {
        goOn();
        next = System.nanoTime();
        interval = (long) (1e9 / perSecond);
    }

    /** From now on the newest version of the schema is this one, and most records are written with it. */
    public synchronized void writeWith(int newest) {
        version = newest;
    }

    /** The next record will be one that crashes the process that the model is in. */
    public synchronized void sendKiller() {
        killer = true;
        killerSent = false;
    }

    /** Whether the broker has the last killer that was asked for. */
    public synchronized boolean isKillerSent() {
        return killerSent;
    }

    /** Records that were sent so far. */
    public synchronized int sent() {
        return sent;
    }

    /** By partition, where the last record is that the broker has acknowledged. */
    public synchronized long[] lastOffsets() {
        return lastOffsets.clone();
    }

    /**
     * Sends no more, and waits until the broker has everything.
     *
     * @throws IllegalStateException if it refused a record, or answers could not be followed
     */
    public int finish() throws InterruptedException {
        synchronized (this) {
            limit = -1;
        }
        thread.join();
        producer.flush();
        synchronized (this) {
            if (failure != null || acknowledged != sent) {
                throw new IllegalStateException("Not every record could be sent", failure);
            }
            return sent;
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            limit = -1;
        }
        producer.close(Duration.ofSeconds(5));
    }
}
