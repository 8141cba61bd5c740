package io.hatflow.benchmarks.document;

/**
 * A document of a stream.
 *
 * @param id unique in its stream
 * @param last whether a contender that collects documents shall wait for no more: the last of a warm-up or of a measured slice
 */
public record Document(String id, String text, boolean last) {

    Document asLast(boolean isLast) {
        return new Document(id, text, isLast);
    }
}
