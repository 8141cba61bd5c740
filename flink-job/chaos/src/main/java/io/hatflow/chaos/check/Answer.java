package io.hatflow.chaos.check;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * What an event says: in words what must be the same in every run, and scores, which may differ by rounding.
 *
 * @param words labels and extent, or stage and reason
 * @param scores of the labels; empty for a dead letter
 */
@SuppressWarnings("ArrayRecordComponent") // compared by isLike
record Answer(
        String eventId,
        int partition,
        long offset,
        String words,
        float[] scores,
        @Nullable GenericRecord deadLetter) {

    /** By which a score may depend on the neighbours in its batch. */
    private static final float TOLERANCE = 1e-4f;

    static Answer labelled(byte[] value) {
        GenericRecord event = Wire.labelled(value);
        List<?> labels = (List<?>) event.get("labels");
        StringBuilder words = new StringBuilder("labelled");
        float[] scores = new float[labels.size()];
        for (int i = 0; i < scores.length; i++) {
            GenericRecord label = (GenericRecord) labels.get(i);
            words.append(' ').append(label.get("name"));
            scores[i] = (Float) label.get("score");
        }
        for (String field : List.of("tokens_total", "tokens_seen", "segments", "windows", "coverage")) {
            words.append(' ').append(event.get(field));
        }
        return of(event, words.toString(), scores, null);
    }

    static Answer deadLetter(byte[] value) {
        GenericRecord event = Wire.deadLetter(value);
        return of(event, "dead " + event.get("stage") + " " + event.get("reason"), new float[0], event);
    }

    private static Answer of(GenericRecord event, String words, float[] scores, @Nullable GenericRecord deadLetter) {
        GenericRecord provenance = (GenericRecord) event.get("provenance");
        return new Answer(
                event.get("event_id").toString(),
                (Integer) provenance.get("partition"),
                (Long) provenance.get("offset"),
                words,
                scores,
                deadLetter);
    }

    boolean isDead() {
        return deadLetter != null;
    }

    boolean isLike(Answer other) {
        if (!words.equals(other.words) || scores.length != other.scores.length) {
            return false;
        }
        for (int i = 0; i < scores.length; i++) {
            if (!(Math.abs(scores[i] - other.scores[i]) <= TOLERANCE)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a dead letter holds the source record as it came, in its value and as a Kafka record. */
    static boolean returns(
            GenericRecord event,
            ConsumerRecord<byte[], byte[]> written,
            byte[] key,
            byte @Nullable [] value,
            Header[] headers) {
        List<String> inside = new ArrayList<>();
        for (Object header : (List<?>) event.get("headers")) {
            GenericRecord each = (GenericRecord) header;
            inside.add(each.get("key") + "=" + shown((ByteBuffer) each.get("value")));
        }
        List<String> came = Arrays.stream(headers)
                .map(header ->
                        header.key() + "=" + shown(header.value() == null ? null : ByteBuffer.wrap(header.value())))
                .toList();
        List<String> outside = Arrays.stream(written.headers().toArray())
                .limit(headers.length)
                .map(header ->
                        header.key() + "=" + shown(header.value() == null ? null : ByteBuffer.wrap(header.value())))
                .toList();
        Header reason = written.headers().lastHeader("__connect.errors.exception.class.name");
        return inside.equals(came)
                && outside.equals(came)
                && Arrays.equals(written.key(), key)
                && ByteBuffer.wrap(key).equals(event.get("key"))
                && (value == null
                        ? event.get("value") == null
                        : ByteBuffer.wrap(value).equals(event.get("value")))
                && reason != null
                && new String(reason.value(), StandardCharsets.UTF_8).endsWith("." + event.get("reason"));
    }

    private static String shown(@Nullable ByteBuffer value) {
        if (value == null) {
            return "null";
        }
        byte[] bytes = new byte[value.remaining()];
        value.duplicate().get(bytes);
        return Arrays.toString(bytes);
    }
}
