package io.hatflow.flink;

import io.hatflow.flink.TextClassification.IdOf;
import io.hatflow.flink.TextClassification.IsUrgent;
import io.hatflow.flink.TextClassification.SegmentsOf;
import io.hatflow.flink.TextClassification.TextOf;
import io.hatflow.flink.operator.ClassificationFunction;
import io.hatflow.flink.operator.Reading;
import io.hatflow.flink.pool.TextInput;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** The texts of a stream's elements, as the functions say that the job gives. */
final class ElementTexts<T> implements ClassificationFunction<T, Classified<T>> {

    private static final long serialVersionUID = 1L;

    /** A character of a Java string; in checkpoints most take one. */
    private static final int BYTES_OF_A_CHARACTER = 2;

    private final Input<T> input;
    private IsUrgent<T> urgent = element -> false;
    private IdOf<T> id = element -> "";

    @FunctionalInterface
    private interface Input<T> extends Serializable {
        TextInput of(T element);
    }

    private ElementTexts(Input<T> input) {
        this.input = input;
    }

    static <T> ElementTexts<T> whole(TextOf<T> text) {
        return new ElementTexts<>(element -> TextInput.of(orEmpty(text.of(element))));
    }

    static <T> ElementTexts<T> segmented(SegmentsOf<T> segments) {
        return new ElementTexts<>(element -> TextInput.ofSegments(segments.of(element)));
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }

    void urgent(IsUrgent<T> isUrgent) {
        urgent = isUrgent;
    }

    void identifiedBy(IdOf<T> idOf) {
        id = idOf;
    }

    @Override
    public Reading<Classified<T>> read(T element) {
        return new Reading.Text<>(
                id.of(element),
                input.of(element),
                urgent.test(element),
                (outcome, model) -> Classified.of(element, outcome, model));
    }

    @Override
    public long bytes(T element) {
        return input.of(element).characters() * BYTES_OF_A_CHARACTER;
    }
}
