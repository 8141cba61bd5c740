package io.hatflow.benchmarks.kafka;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.events.Label;
import io.hatflow.events.LabelledDocument;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Documents and events as they are on Kafka. */
public final class Records {

    private Records() {}

    /** The value of a document's record. */
    public static byte[] encoded(Document document) {
        try {
            ByteBuffer buffer = io.hatflow.events.Document.newBuilder()
                    .setId(document.id())
                    .setText(document.text())
                    .build()
                    .toByteBuffer();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** [C], from the value of an event's record. */
    public static float[] scores(byte[] value) {
        try {
            return scores(LabelledDocument.getDecoder().decode(value));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** [C], of the one model that the job was given. */
    public static float[] scores(LabelledDocument event) {
        List<Label> labels = event.getAnswers().get(0).getLabels();
        float[] scores = new float[labels.size()];
        for (int label = 0; label < scores.length; label++) {
            scores[label] = labels.get(label).getScore();
        }
        return scores;
    }
}
