package io.hatflow.flink.pool;

import java.util.List;

/**
 * A text to classify.
 *
 * @param whole the text, where it came in one piece
 * @param segments its segments, where it came in segments; otherwise empty
 */
public record TextInput(String whole, List<String> segments) {

    public TextInput {
        segments = List.copyOf(segments);
    }

    /** A text in one piece. */
    public static TextInput of(String text) {
        return new TextInput(text, List.of());
    }

    /** Its length in UTF-16 code units. */
    public long characters() {
        return whole.length() + segments.stream().mapToLong(String::length).sum();
    }

    /** A text that came in segments, of which no two share one of the model's. */
    public static TextInput ofSegments(List<String> segments) {
        return new TextInput("", segments);
    }
}
