package io.hatflow.flink.operator;

import io.hatflow.inference.Outcome;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/** Lets answers of one key leave in the order in which they were asked for; those of different keys do not wait for each other. */
final class KeyOrder {

    /** By its key, when the latest has left. */
    private final Map<Object, CompletableFuture<Boolean>> latest = new ConcurrentHashMap<>();

    /**
     * Asked by one thread, in the order to keep.
     *
     * @param leave called once, with the answer or why there is none, after those before it of the same key have left
     */
    void inTurn(Object key, CompletableFuture<Outcome> answer, BiConsumer<Outcome, Throwable> leave) {
        CompletableFuture<Boolean> before = latest.getOrDefault(key, CompletableFuture.completedFuture(true));
        CompletableFuture<Boolean> left = before.thenCompose(turn -> answer.handle((outcome, failure) -> {
            leave.accept(outcome, failure);
            return true;
        }));
        latest.put(key, left);
        var unused = left.whenComplete((done, failure) -> latest.remove(key, left));
    }
}
