package io.hatflow.flink.quarantine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.flink.core.fs.Path;

/**
 * The way to the model after a failure, when any of the documents that come again may have been its cause. They go a group at a time, in
 * a smaller one the more often they were there at a failure, at their last attempt alone; and each attempt is noted until it is answered,
 * or until it is known that the document was not with the model when that failed. In one JVM, only one group is with the model at any moment, whatever the number of tasks: so nobody is quarantined for a neighbour.
 *
 * <p>Groups are sent and awaited by one thread for all lanes of the JVM; answers complete on the threads of the model.
 *
 * @param <T> what the model answers
 */
final class CarefulLane<T> implements AutoCloseable {

    /** By how many attempts are left: the last, the last but one, more. The largest costs little against a free way to the model. */
    private static final int[] GROUPS = {1, 8, 64};

    private static final ExecutorService TURNS = turns();

    private record Waiting<T>(String id, Supplier<CompletableFuture<T>> question, CompletableFuture<T> answer) {}

    private final Attempts attempts;
    private final Deque<Waiting<T>> waiting = new ArrayDeque<>();
    private final Map<String, CompletableFuture<T>> shown = new ConcurrentHashMap<>();
    private final int limit;
    private volatile boolean closed;

    /**
     * A lane of one task.
     *
     * @param limit attempts after which a document is not shown to the model any more
     */
    CarefulLane(Attempts attempts, int limit) {
        this.attempts = attempts;
        this.limit = limit;
    }

    private static ExecutorService turns() {
        // Without a core thread, so that it does not keep the job's classes once the job is gone.
        return new ThreadPoolExecutor(0, 1, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "hatflow-careful");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Asks when it is this document's turn.
     *
     * @param id of its event
     * @param question asks the model
     */
    CompletableFuture<T> ask(String id, Supplier<CompletableFuture<T>> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        synchronized (this) {
            waiting.addLast(new Waiting<>(id, question, answer));
        }
        TURNS.execute(this::takeTurn);
        return answer;
    }

    private void takeTurn() {
        List<CompletableFuture<T>> answers =
                nextGroup().stream().map(this::show).toList();
        CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
                .exceptionally(failure -> null)
                .join();
    }

    /** Notes the attempt, asks, and strikes it out again unless the document was with the model when that failed. */
    private CompletableFuture<T> show(Waiting<T> document) {
        Optional<Path> attempt = attempts.begin(document.id());
        CompletableFuture<T> answer = document.question().get();
        shown.put(document.id(), answer);
        CompletableFuture<T> ended = answer.whenComplete((outcome, failure) -> {
            shown.remove(document.id());
            if (failure == null) {
                attempts.forget(document.id());
            }
            if (failure == null || isCancellation(failure)) {
                attempt.ifPresent(attempts::end);
            }
            if (failure == null) {
                document.answer().complete(outcome);
            } else {
                document.answer().completeExceptionally(failure);
            }
        });
        if (closed) { // just now
            answer.cancel(false);
        }
        return ended;
    }

    private static boolean isCancellation(Throwable failure) {
        return failure instanceof CancellationException || failure.getCause() instanceof CancellationException;
    }

    private synchronized List<Waiting<T>> nextGroup() {
        List<Waiting<T>> group = new ArrayList<>();
        if (closed) {
            return group;
        }
        int room = Integer.MAX_VALUE;
        while (!waiting.isEmpty()) {
            room = Math.min(room, largestGroup(waiting.getFirst().id()));
            if (group.size() >= room) {
                break;
            }
            group.add(waiting.removeFirst());
        }
        return group;
    }

    private int largestGroup(String id) {
        int left = limit - attempts.leftOver(id);
        return GROUPS[Math.max(0, Math.min(left, GROUPS.length) - 1)];
    }

    /** Ends the lane in order: what it has asked is given up, and was innocent. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            waiting.clear();
        }
        shown.values().forEach(answer -> answer.cancel(false));
    }
}
