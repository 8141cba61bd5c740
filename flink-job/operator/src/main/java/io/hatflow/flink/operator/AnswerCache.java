package io.hatflow.flink.operator;

import io.hatflow.flink.pool.TextInput;
import io.hatflow.inference.Classification;
import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Outcome;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Answers a text that came before without asking the model, as the model did then. Holds the labels of the texts that were used last, by the
 * SHA-256 of their characters.
 */
final class AnswerCache {

    private final Map<ByteBuffer, Classification> known;
    private final Runnable hit;

    /**
     * An empty one.
     *
     * @param documents most that it holds
     * @param hit called for each text that it answers
     */
    AnswerCache(int documents, Runnable hit) {
        this.known = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Classification> eldest) {
                return size() > documents;
            }
        };
        this.hit = hit;
    }

    /** What is known of the text, with no time spent; else what {@code question} gives, which is known from then on. */
    CompletableFuture<Outcome> ask(TextInput text, Supplier<CompletableFuture<Outcome>> question) {
        ByteBuffer digest = digest(text);
        Classification answered = known(digest);
        if (answered != null) {
            hit.run();
            return CompletableFuture.completedFuture(answered);
        }
        CompletableFuture<Outcome> answer = question.get();
        var unused = answer.thenAccept(outcome -> {
            if (outcome instanceof Classification classification) {
                learn(digest, classification);
            }
        });
        return answer;
    }

    private synchronized @Nullable Classification known(ByteBuffer digest) {
        return known.get(digest);
    }

    private synchronized void learn(ByteBuffer digest, Classification answer) {
        known.put(digest, answer.took(Timings.NONE));
    }

    private static ByteBuffer digest(TextInput text) {
        MessageDigest sha256 = sha256();
        update(sha256, text.whole());
        // The same words cut in other places are another text.
        text.segments().forEach(segment -> update(sha256, segment));
        return ByteBuffer.wrap(sha256.digest());
    }

    /** Its length and its characters as they are: UTF-8 would make one of two that are no characters alone. */
    private static void update(MessageDigest sha256, String text) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES + Character.BYTES * text.length());
        bytes.putInt(text.length()).asCharBuffer().put(text);
        sha256.update(bytes.rewind());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
