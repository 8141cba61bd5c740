package io.hatflow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.Header;
import io.hatflow.events.Provenance;
import io.hatflow.events.Reason;
import io.hatflow.events.Stage;
import io.hatflow.job.SharedBroker;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedBroker.class)
@Timeout(180)
class ReplayIT {

    private static final String LETTERS = "replay-dead-letters";
    private static final String INPUT = "replay-documents";

    @Test
    void eachDeadLetterOfAReasonIsSentOnceAsItCame(LocalBroker broker) throws Exception {
        broker.createTopics(1, List.of(LETTERS, INPUT));
        Map<String, Object> kafka = Map.of("bootstrap.servers", broker.bootstrapServers());
        // The first one again, as a job that promises at least once may write it.
        write(
                kafka,
                letter(1, Reason.UNKNOWN_SCHEMA),
                letter(2, Reason.NOT_AVRO),
                letter(1, Reason.UNKNOWN_SCHEMA),
                letter(3, Reason.UNKNOWN_SCHEMA));

        assertThat(new Replay(kafka, null, LETTERS, Reason.UNKNOWN_SCHEMA, null, true)
                        .run()
                        .sent())
                .isEqualTo(2);
        assertThat(read(kafka, INPUT)).isEmpty();
        assertThat(new Replay(kafka, null, LETTERS, Reason.UNKNOWN_SCHEMA, null, false).run())
                .isEqualTo(new Replay.Summary(4, 2, Map.of(INPUT, 2L)));
        assertThat(new Replay(kafka, null, LETTERS, Reason.UNKNOWN_SCHEMA, null, false)
                        .run()
                        .sent())
                .isZero();
        write(kafka, letter(4, Reason.UNKNOWN_SCHEMA));
        assertThat(new Replay(kafka, null, LETTERS, Reason.UNKNOWN_SCHEMA, null, false)
                        .run()
                        .sent())
                .isEqualTo(1);
        assertThat(new Replay(kafka, null, LETTERS, Reason.NOT_AVRO, null, false)
                        .run()
                        .sent())
                .isEqualTo(1);

        List<ConsumerRecord<byte[], byte[]>> sent = read(kafka, INPUT);
        assertThat(sent).extracting(record -> record.value()[0]).containsExactly((byte) 1, (byte) 3, (byte) 4, (byte)
                2);
        assertThat(sent.get(0).key()).containsExactly(9);
        assertThat(sent.get(0).headers().lastHeader("trace").value()).containsExactly(7);
        assertThat(new String(sent.get(0).headers().lastHeader(Replay.REPLAYED).value(), StandardCharsets.UTF_8))
                .isEqualTo("event-1");
    }

    @Test
    void aDeadLetterInJsonIsSentAgain(LocalBroker broker) throws Exception {
        String letters = "replay-json-dead-letters";
        String again = "replay-json-documents";
        broker.createTopics(1, List.of(letters, again));
        Map<String, Object> kafka = Map.of("bootstrap.servers", broker.bootstrapServers());
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(kafka, new ByteArraySerializer(), new ByteArraySerializer())) {
            Path example = Path.of("../../schemas/examples/dead-letter-json/valid/not-avro.json");
            producer.send(new ProducerRecord<>(letters, Files.readAllBytes(example)))
                    .get();
        }

        assertThat(new Replay(kafka, null, letters, Reason.NOT_AVRO, again, false).run())
                .isEqualTo(new Replay.Summary(1, 1, Map.of(again, 1L)));

        assertThat(read(kafka, again)).singleElement().satisfies(record -> {
            assertThat(new String(record.key(), StandardCharsets.UTF_8)).isEqualTo("contract-0018");
            assertThat(new String(record.value(), StandardCharsets.UTF_8)).isEqualTo("{\"id\": \"contract-0018\"}");
            assertThat(record.headers().lastHeader("retry").value()).isNull();
        });
    }

    private static DeadLetter letter(int number, Reason reason) {
        return DeadLetter.newBuilder()
                .setEventId("event-" + number)
                .setValue(ByteBuffer.wrap(new byte[] {(byte) number}))
                .setKey(ByteBuffer.wrap(new byte[] {9}))
                .setHeaders(List.of(new Header("trace", ByteBuffer.wrap(new byte[] {7}))))
                .setProvenance(new Provenance(INPUT, 0, (long) number, Instant.EPOCH, null))
                .setStage(Stage.DECODE)
                .setReason(reason)
                .setMessage("No.")
                .setFailedAt(Instant.EPOCH)
                .build();
    }

    private static void write(Map<String, Object> kafka, DeadLetter... letters) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(kafka, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (DeadLetter letter : letters) {
                ByteBuffer bytes = DeadLetter.getEncoder().encode(letter);
                byte[] value = new byte[bytes.remaining()];
                bytes.get(value);
                producer.send(new ProducerRecord<>(LETTERS, value)).get();
            }
        }
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(Map<String, Object> kafka, String topic) {
        Map<String, Object> properties = new java.util.HashMap<>(kafka);
        properties.put("isolation.level", "read_committed");
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition only = new TopicPartition(topic, 0);
            consumer.assign(List.of(only));
            consumer.seekToBeginning(List.of(only));
            long end = consumer.endOffsets(List.of(only)).getOrDefault(only, 0L);
            while (consumer.position(only) < end) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        return records;
    }
}
