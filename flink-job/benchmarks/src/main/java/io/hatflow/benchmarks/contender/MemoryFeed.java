package io.hatflow.benchmarks.contender;

import static java.util.Objects.requireNonNull;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.document.Slice;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Feeds a slice from memory into a Flink job of this JVM and takes its answers: first the warm-up, and when that has been answered,
 * the measured documents, as fast as the job takes them. The clock starts when the first of these leaves. Thread-safe.
 */
final class MemoryFeed {

    /** Source and sink travel to their tasks by serialization and find their feed again by its number. */
    private static final Map<Integer, MemoryFeed> OPEN = new ConcurrentHashMap<>();

    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final Slice slice;
    private final List<Document> documents;
    private final int warmUpCount;
    private final AtomicInteger given = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final CompletableFuture<Void> warmedUp = new CompletableFuture<>();
    private final Map<String, float[]> scores = new ConcurrentHashMap<>();
    private volatile @Nullable Usage usedBefore;
    private volatile @Nullable Usage used;
    private volatile long begunNanos;
    private volatile long endedNanos;

    private MemoryFeed(Slice slice) {
        this.slice = slice;
        this.documents = slice.all();
        this.warmUpCount = slice.warmUp().size();
    }

    /** Opens a feed and says its number. */
    static int open(Slice slice) {
        int number = NUMBERS.incrementAndGet();
        OPEN.put(number, new MemoryFeed(slice));
        return number;
    }

    static MemoryFeed of(int number) {
        return requireNonNull(OPEN.get(number), "no feed of this number is open");
    }

    static void close(int number) {
        OPEN.remove(number);
    }

    int count() {
        return documents.size();
    }

    /** Completes when the next document may be taken. */
    CompletionStage<Void> mayGive() {
        return given.get() < warmUpCount ? CompletableFuture.completedFuture(null) : warmedUp;
    }

    /** The next document; in which order several sources ask does not matter. */
    Document give() {
        int index = given.getAndIncrement();
        if (index == warmUpCount) {
            usedBefore = Usage.soFar();
            begunNanos = System.nanoTime();
        }
        return documents.get(index);
    }

    void answer(Scored scored) {
        scores.put(scored.id(), scored.scores());
        int count = answered.incrementAndGet();
        if (count == warmUpCount) {
            warmedUp.complete(null);
        } else if (count == documents.size()) {
            endedNanos = System.nanoTime();
            used = Usage.soFar().since(requireNonNull(usedBefore));
        }
    }

    /** To be called when the job has ended. */
    Run result() {
        if (answered.get() != documents.size() || scores.size() != documents.size()) {
            throw new IllegalStateException("Of " + documents.size() + " documents, " + answered
                    + " were answered; each must have an id of its own");
        }
        slice.warmUp().forEach(document -> scores.remove(document.id()));
        return new Run(begunNanos, endedNanos - begunNanos, used, scores);
    }
}
