package io.hatflow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.broker.LocalBroker;
import io.hatflow.events.Document;
import io.hatflow.job.SharedBroker;
import io.hatflow.job.TroubleshootingPage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Topics that are not there or hold something else, and what a person sees; beside {@link WrongCommandsTest}, which needs no broker. */
@ExtendWith(SharedBroker.class)
@Timeout(180)
class WrongTopicsIT {

    private static final String DOCUMENTS = "wrong-topics-documents";

    /** A topic with one document. */
    @BeforeAll
    static void send(LocalBroker broker) throws Exception {
        broker.createTopics(1, List.of(DOCUMENTS));
        ByteBuffer buffer =
                Document.newBuilder().setId("7").setText("A text.").build().toByteBuffer();
        byte[] value = new byte[buffer.remaining()];
        buffer.get(value);
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(DOCUMENTS, value)).get();
        }
    }

    private static final String READ_NONE = "There is no topic nowhere; make it, or give another with --topic.";
    private static final String READ_NO_LABELLED =
            "There is no topic labelled-documents; make it, or give another with --topic.";
    private static final String READ_NO_DEAD = "There is no topic dead-letters; make it, or give another with --topic.";
    private static final String REPLAY_NONE =
            "There is no topic nowhere; make it, or give another with --dead-letters.";
    private static final String SEND_NONE =
            "Kafka did not answer: Topic nowhere not present in metadata after 500 ms. Does a broker run at"
                    + " --bootstrap-servers, can this machine reach it, and is the topic there?";
    private static final String NOT_LABELLED =
            "The record at wrong-topics-documents-0@0 is not what was expected: a labelled document; --dead-letters"
                    + " reads dead letters.";
    private static final String NOT_DEAD =
            "The record at wrong-topics-documents-0@0 is not what was expected: a dead letter; without"
                    + " --dead-letters, labelled documents are read.";
    private static final String NOT_REPLAYED =
            "The record at wrong-topics-documents-0@0 is not what was expected: a dead letter.";

    static Stream<String> wrongTopics() {
        return Stream.of(READ_NONE, REPLAY_NONE, SEND_NONE, NOT_LABELLED, NOT_DEAD, NOT_REPLAYED);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "read --topic nowhere | " + READ_NONE,
                "read | " + READ_NO_LABELLED,
                "read --dead-letters | " + READ_NO_DEAD,
                "read --dead-letters --topic nowhere | " + READ_NONE,
                "replay --dead-letters nowhere --reason NOT_AVRO --dry-run | " + REPLAY_NONE,
                "send --topic nowhere FILE | " + SEND_NONE,
                "read --topic " + DOCUMENTS + " | " + NOT_LABELLED,
                "read --dead-letters --topic " + DOCUMENTS + " | " + NOT_DEAD,
                "replay --dead-letters " + DOCUMENTS + " --reason NOT_AVRO --dry-run | " + NOT_REPLAYED
            })
    void aWrongTopicIsNamed(String command, String message, LocalBroker broker, @TempDir Path folder)
            throws IOException {
        Path hasty = Files.writeString(folder.resolve("hasty.properties"), "max.block.ms=500\n");
        Path file = Files.writeString(folder.resolve("text.txt"), "A text.");
        StringWriter said = new StringWriter();

        int code = Commands.line()
                .setErr(new PrintWriter(said, true))
                .execute(Stream.concat(
                                Arrays.stream(command.split(" ", -1))
                                        .map(word -> word.equals("FILE") ? file.toString() : word),
                                Stream.of(
                                        "--bootstrap-servers",
                                        broker.bootstrapServers(),
                                        "--command-config",
                                        hasty.toString()))
                        .toArray(String[]::new));

        assertThat(said.toString().strip()).matches(TroubleshootingPage.pattern(message));
        assertThat(code).isEqualTo(1);
    }
}
