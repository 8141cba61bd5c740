package io.hatflow.job.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.Answer;
import io.hatflow.events.Coverage;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.Header;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.ModelInfo;
import io.hatflow.events.Provenance;
import io.hatflow.events.Reason;
import io.hatflow.events.Stage;
import io.hatflow.events.Timings;
import io.hatflow.job.kafka.OutputTopic;
import io.hatflow.job.trace.TraceContext;
import io.hatflow.job.trace.TracedDocument;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema.KafkaSinkContext;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SerializersTest {

    private static final KafkaSinkContext CONTEXT = new KafkaSinkContext() {
        @Override
        public int getParallelInstanceId() {
            return 0;
        }

        @Override
        public int getNumberOfParallelInstances() {
            return 1;
        }

        @Override
        public int[] getPartitionsForTopic(String topic) {
            return new int[] {0};
        }
    };

    private static <T> ProducerRecord<byte[], byte[]> written(KafkaRecordSerializationSchema<T> serializer, T event) {
        ProducerRecord<byte[], byte[]> record = serializer.serialize(event, CONTEXT, 5L);
        assertThat(record).isNotNull();
        return record;
    }

    private static Provenance provenance(byte @Nullable [] key) {
        return new Provenance("documents", 3, 7L, Instant.ofEpochMilli(1), key == null ? null : ByteBuffer.wrap(key));
    }

    private static TracedDocument labelled(byte @Nullable [] key) {
        LabelledDocument event = LabelledDocument.newBuilder()
                .setEventId("e")
                .setDocumentId("d")
                .setProvenance(provenance(key))
                .setAnswers(List.of(Answer.newBuilder()
                        .setModel(new ModelInfo("m", "1", "ab"))
                        .setLabels(List.of())
                        .setTokensSeen(1)
                        .setTokensTotal(1)
                        .setSegments(1)
                        .setCoverage(Coverage.COMPLETE)
                        .setTimings(new Timings(1L, 2L, 3L))
                        .build()))
                .build();
        return new TracedDocument(event, new TraceContext(new byte[] {4}, null));
    }

    @Test
    void aLabelledDocumentKeepsTheKeyOfItsRecord() throws IOException {
        TracedDocument document = labelled(new byte[] {1, 2});
        LabelledSerializer serializer =
                new LabelledSerializer(new OutputTopic("out"), new SingleObjectEncoder<>(LabelledDocument.class));

        ProducerRecord<byte[], byte[]> record = written(serializer, document);

        assertThat(record.topic()).isEqualTo("out");
        assertThat(record.key()).containsExactly(1, 2);
        assertThat(record.timestamp()).isNull();
        assertThat(LabelledDocument.getDecoder().decode(record.value())).isEqualTo(document.event());
        assertThat(record.headers()).containsExactly(new RecordHeader("traceparent", new byte[] {4}));
        // A retried event must be written whole again.
        assertThat(written(serializer, document).key()).containsExactly(1, 2);
    }

    @Test
    void aLabelledDocumentWithoutKeyIsWrittenUnderItsId() {
        assertThat(written(
                                new LabelledSerializer(
                                        new OutputTopic("out"), new SingleObjectEncoder<>(LabelledDocument.class)),
                                labelled(null))
                        .key())
                .isEqualTo("d".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aDeadLetterKeepsItsHeadersAndGetsThoseOfKafkaConnect() throws IOException {
        DeadLetter event = DeadLetter.newBuilder()
                .setEventId("e")
                .setValue(ByteBuffer.wrap(new byte[] {9}))
                .setKey(null)
                .setHeaders(List.of(
                        new Header("trace", ByteBuffer.wrap(new byte[] {8})),
                        new Header("none", null),
                        // Names the schema of the source's value, which a dead letter's own does not have.
                        new Header("__value_schema_id", ByteBuffer.wrap(new byte[17]))))
                .setProvenance(provenance(null))
                .setStage(Stage.DECODE)
                .setReason(Reason.NOT_AVRO)
                .setMessage("No.")
                .setFailedAt(Instant.ofEpochMilli(2))
                .build();

        ProducerRecord<byte[], byte[]> record = written(
                new DeadLetterSerializer(new OutputTopic("{topic}-dead"), new SingleObjectEncoder<>(DeadLetter.class)),
                event);

        assertThat(record.key()).isNull();
        assertThat(DeadLetter.getDecoder().decode(record.value())).isEqualTo(event);
        List<String> headers = new ArrayList<>();
        record.headers()
                .forEach(header -> headers.add(header.key() + "="
                        + (header.value() == null ? "null" : new String(header.value(), StandardCharsets.ISO_8859_1))));
        assertThat(headers)
                .containsExactly(
                        "trace=\b",
                        "none=null",
                        "__connect.errors.topic=documents",
                        "__connect.errors.partition=3",
                        "__connect.errors.offset=7",
                        "__connect.errors.stage=DECODE",
                        "__connect.errors.exception.class.name=io.hatflow.events.Reason.NOT_AVRO",
                        "__connect.errors.exception.message=No.");
    }
}
