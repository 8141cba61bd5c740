package io.hatflow.flink.operator;

import io.hatflow.flink.pool.TextInput;
import io.hatflow.inference.Classification;
import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Outcome;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Answers a text that came before without asking the model: what the model says of a text is always the same, to the last bit. Holds the
 * labels of the texts that were used last, by the SHA-256 of the text.
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
        known.put(digest, answer.took(new Timings(0, 0, 0)));
    }

    private static ByteBuffer digest(TextInput text) {
        MessageDigest sha256 = sha256();
        sha256.update(text.whole().getBytes(StandardCharsets.UTF_8));
        for (String segment : text.segments()) {
            // Not in UTF-8, so that it ends a text: the same words cut in other places are another text.
            sha256.update((byte) 0xFF);
            sha256.update(segment.getBytes(StandardCharsets.UTF_8));
        }
        return ByteBuffer.wrap(sha256.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
