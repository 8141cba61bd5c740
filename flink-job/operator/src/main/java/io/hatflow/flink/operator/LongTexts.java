package io.hatflow.flink.operator;

import io.hatflow.flink.pool.TextInput;
import io.hatflow.inference.Outcome;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Lets a task ask about long texts on a thread beside its own: a text is tokenized by the thread that asks, which takes half a second for
 * one of hundreds of pages, and short texts behind it need not wait for that.
 *
 * <p>One at a time. While the thread beside is at work, the task's own asks about the next long one, so that no more than two texts take the
 * memory that tokenizing takes.
 */
final class LongTexts implements AutoCloseable {

    /** UTF-16 code units. Up to here tokenizing takes some ten milliseconds. */
    static final int LONG = 16_384;

    private final ThreadPoolExecutor beside = new ThreadPoolExecutor(
            0,
            1,
            10,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> {
                Thread thread = new Thread(task, "hatflow-long-texts");
                thread.setDaemon(true);
                return thread;
            },
            new ThreadPoolExecutor.CallerRunsPolicy());

    /** What {@code question} gives, which is asked now if the text is short, else soon. Who cancels it cancels that. */
    CompletableFuture<Outcome> ask(TextInput text, Supplier<CompletableFuture<Outcome>> question) {
        if (length(text) < LONG) {
            return question.get();
        }
        CompletableFuture<Outcome> answer = new CompletableFuture<>();
        beside.execute(() -> forward(question, answer));
        return answer;
    }

    private static long length(TextInput text) {
        return text.whole().length()
                + text.segments().stream().mapToLong(String::length).sum();
    }

    private static void forward(Supplier<CompletableFuture<Outcome>> question, CompletableFuture<Outcome> answer) {
        if (answer.isDone()) {
            return; // given up meanwhile
        }
        try {
            CompletableFuture<Outcome> asked = question.get();
            passOn(asked, answer);
            giveUpWith(answer, asked);
        } catch (Throwable e) { // otherwise the text would wait for ever
            answer.completeExceptionally(e);
        }
    }

    private static void passOn(CompletableFuture<Outcome> asked, CompletableFuture<Outcome> answer) {
        var unused = asked.whenComplete((outcome, failure) -> {
            if (failure != null) {
                answer.completeExceptionally(failure);
            } else {
                answer.complete(outcome);
            }
        });
    }

    private static void giveUpWith(CompletableFuture<Outcome> answer, CompletableFuture<Outcome> asked) {
        var unused = answer.whenComplete((outcome, failure) -> {
            if (answer.isCancelled()) {
                asked.cancel(false);
            }
        });
    }

    /** Waits for the text that is being tokenized: what tokenizes it may be closed next. */
    @Override
    public void close() {
        beside.shutdown();
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = beside.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
