package io.hatflow.benchmarks.document;

import java.util.ArrayList;
import java.util.List;

/**
 * What every contender gets in one repetition.
 *
 * @param warmUp seen before the clock starts
 * @param measured seen while it runs
 */
public record Slice(List<Document> warmUp, List<Document> measured) {

    public Slice {
        warmUp = lastMarked(warmUp);
        measured = lastMarked(measured);
    }

    private static List<Document> lastMarked(List<Document> documents) {
        if (documents.isEmpty()) {
            throw new IllegalArgumentException("a slice needs documents to warm up with, and to measure");
        }
        List<Document> marked = new ArrayList<>();
        for (int i = 0; i < documents.size(); i++) {
            marked.add(documents.get(i).asLast(i == documents.size() - 1));
        }
        return List.copyOf(marked);
    }

    /** Its beginning: so many of its measured documents at most, and of the warm-up the same share, at least one. */
    public Slice first(int documents) {
        if (documents >= measured.size()) {
            return this;
        }
        int toWarmUp = (int) Math.max(1, (long) warmUp.size() * documents / measured.size());
        return new Slice(warmUp.subList(0, toWarmUp), measured.subList(0, documents));
    }

    /** The warm-up first. */
    public List<Document> all() {
        List<Document> all = new ArrayList<>(warmUp);
        all.addAll(measured);
        return all;
    }
}
