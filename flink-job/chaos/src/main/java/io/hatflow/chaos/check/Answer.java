package io.hatflow.chaos.check;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * What an event says: in words what must be the same in every run, and scores, which may differ by rounding.
 *
 * @param written the Kafka record that holds it
 * @param event as its schema names its fields
 * @param isDead whether it is a dead letter
 * @param words of every model its labels, evidence and extent; or stage and reason
 * @param scores of the labels of every model; empty for a dead letter
 */
record Answer(
        ConsumerRecord<byte[], byte[]> written, GenericRecord event, boolean isDead, String words, List<Float> scores) {

    /** By which a score may depend on the neighbours in its batch. */
    private static final float TOLERANCE = 1e-4f;

    static Answer labelled(Wire wire, ConsumerRecord<byte[], byte[]> written) {
        GenericRecord event = wire.event(Avro.LABELLED, written.value());
        StringBuilder words = new StringBuilder("labelled");
        List<Float> scores = new ArrayList<>();
        for (Object each : (List<?>) event.get("answers")) {
            GenericRecord answer = (GenericRecord) each;
            words.append(' ').append(((GenericRecord) answer.get("model")).get("digest"));
            for (Object label : (List<?>) answer.get("labels")) {
                words.append(' ').append(words((GenericRecord) label));
                scores.add((Float) ((GenericRecord) label).get("score"));
            }
            for (String field : List.of("tokens_total", "tokens_seen", "segments", "windows", "coverage")) {
                words.append(' ').append(answer.get(field));
            }
        }
        return new Answer(written, event, false, words.toString(), scores);
    }

    private static String words(GenericRecord label) {
        return label.get("name")
                + ((Boolean) label.get("above_threshold") ? "+" : "-")
                + evidence((List<?>) label.get("evidence"));
    }

    /** Where it is; which piece is the best of two that are alike may differ by rounding. */
    private static List<String> evidence(List<?> evidence) {
        return evidence.stream()
                .map(GenericRecord.class::cast)
                .map(each -> each.get("segment") + ":" + each.get("start") + "-" + each.get("end"))
                .sorted()
                .toList();
    }

    static Answer deadLetter(Wire wire, ConsumerRecord<byte[], byte[]> written) {
        GenericRecord event = wire.event(Avro.DEAD_LETTER, written.value());
        return new Answer(written, event, true, dead(event.get("stage") + " " + event.get("reason")), List.of());
    }

    /** The words of a dead letter. */
    static String dead(String stageAndReason) {
        return "dead " + stageAndReason;
    }

    private GenericRecord provenance() {
        return (GenericRecord) event.get("provenance");
    }

    int partition() {
        return (Integer) provenance().get("partition");
    }

    long offset() {
        return (Long) provenance().get("offset");
    }

    boolean isLike(Answer other) {
        if (!words.equals(other.words) || scores.size() != other.scores.size()) {
            return false;
        }
        for (int i = 0; i < scores.size(); i++) {
            if (!(Math.abs(scores.get(i) - other.scores.get(i)) <= TOLERANCE)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Whether it says that it answers this record, by its event id, its provenance, what its document states and its key; a dead letter must
     * also hold the record as it came, in its value and as a Kafka record.
     *
     * @param timestamp that the record got
     * @param stated by the document, if it is one
     */
    boolean isOf(ProducerRecord<byte[], byte @Nullable []> record, long timestamp, Stated stated) {
        // docs/delivery.md
        String name = record.topic() + ":" + partition() + ":" + offset() + ":" + timestamp;
        return event.get("event_id")
                        .toString()
                        .equals(UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8))
                                .toString())
                && record.topic().equals(provenance().get("topic").toString())
                && provenance().get("timestamp").equals(timestamp)
                && ByteBuffer.wrap(record.key()).equals(provenance().get("key"))
                && Arrays.equals(record.key(), written.key())
                && (isDead ? holds(record) : stated.isIn(event));
    }

    private boolean holds(ProducerRecord<byte[], byte @Nullable []> record) {
        Header[] headers = record.headers().toArray();
        List<String> inside = new ArrayList<>();
        for (Object header : (List<?>) event.get("headers")) {
            GenericRecord each = (GenericRecord) header;
            inside.add(each.get("key") + "=" + shown((ByteBuffer) each.get("value")));
        }
        List<String> came = Arrays.stream(headers).map(Answer::shown).toList();
        List<String> outside = Arrays.stream(written.headers().toArray())
                .limit(headers.length)
                .map(Answer::shown)
                .toList();
        Header reason = written.headers().lastHeader("__connect.errors.exception.class.name");
        return inside.equals(came)
                && outside.equals(came)
                && ByteBuffer.wrap(record.key()).equals(event.get("key"))
                && (record.value() == null
                        ? event.get("value") == null
                        : ByteBuffer.wrap(record.value()).equals(event.get("value")))
                && reason != null
                && new String(reason.value(), StandardCharsets.UTF_8).endsWith("." + event.get("reason"));
    }

    private static String shown(Header header) {
        return header.key() + "=" + shown(header.value() == null ? null : ByteBuffer.wrap(header.value()));
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
