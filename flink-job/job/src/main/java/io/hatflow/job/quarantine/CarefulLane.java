package io.hatflow.job.quarantine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.flink.core.fs.Path;

/**
 * The way to the model after a failure, when any of the documents that come again may have been its cause. They go a group at a time, in
 * a smaller one the more often they were there at a failure, at their last attempt alone; and each attempt is noted until it is answered.
 * In one JVM, only one group is with the model at any moment, whatever the number of tasks: so nobody is quarantined for a neighbour.
 *
 * <p>Groups are sent and awaited by one thread for all lanes of the JVM; answers complete on the threads of the model.
 *
 * @param <T> what the model answers
 */
public final class CarefulLane<T> implements AutoCloseable {

    /** By how many attempts are left: the last, the last but one, more. The largest costs little against a free way to the model. */
    private static final int[] GROUPS = {1, 8, 64};

    private static final ExecutorService TURNS = turns();

    private record Waiting<T>(String id, Supplier<CompletableFuture<T>> question, CompletableFuture<T> answer) {}

    private final Attempts attempts;
    private final Deque<Waiting<T>> waiting = new ArrayDeque<>();
    private final CompletableFuture<Boolean> closed = new CompletableFuture<>();
    private final int limit;
    private boolean modelAtFault;

    /**
     * A lane of one task.
     *
     * @param limit attempts after which a document is not shown to the model any more
     */
    public CarefulLane(Attempts attempts, int limit) {
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
    public CompletableFuture<T> ask(String id, Supplier<CompletableFuture<T>> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        synchronized (this) {
            waiting.addLast(new Waiting<>(id, question, answer));
        }
        TURNS.execute(this::takeTurn);
        return answer;
    }

    private void takeTurn() {
        List<Waiting<T>> group = nextGroup();
        if (group.isEmpty()) {
            return;
        }
        List<Path> begun = attempts.begin(group.stream().map(Waiting::id).toList());
        List<CompletableFuture<T>> answers = new ArrayList<>();
        for (Waiting<T> each : group) {
            answers.add(each.question().get().whenComplete((answer, failure) -> {
                if (failure != null) {
                    each.answer().completeExceptionally(failure);
                } else {
                    attempts.forget(each.id());
                    each.answer().complete(answer);
                }
            }));
        }
        CompletableFuture<Boolean> answered = CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
                .handle((nothing, failure) -> failure == null || failure.getCause() instanceof CancellationException);
        boolean innocent = (Boolean) CompletableFuture.anyOf(answered, closed).join();
        if (innocent) {
            attempts.end(begun);
        }
    }

    private synchronized List<Waiting<T>> nextGroup() {
        List<Waiting<T>> group = new ArrayList<>();
        if (closed.isDone()) {
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

    /** The group that is with the model now is to blame for the end of this lane that follows. */
    public synchronized void blame() {
        modelAtFault = true;
    }

    /** Ends the lane. What is with the model now was innocent, unless it has been blamed. */
    @Override
    public synchronized void close() {
        closed.complete(!modelAtFault);
        waiting.clear();
    }
}
