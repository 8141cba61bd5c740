package io.hatflow.cli;

import io.hatflow.events.Document;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sends files as documents. */
@Command(
        name = "send",
        description = "Send files to a topic as Avro Documents. A file that ends in .jsonl holds one document a line,"
                + " {\"id\": ..., \"text\": ...}; any other is one document in UTF-8, and its name is the id.",
        mixinStandardHelpOptions = true)
final class SendCommand implements Callable<Integer> {

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Option(names = "--topic", defaultValue = "documents", description = "default: ${DEFAULT-VALUE}")
    private String topic = "";

    @Parameters(arity = "1..*", paramLabel = "FILE")
    private List<Path> files = new ArrayList<>();

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        Map<String, Object> properties = kafka.properties();
        properties.put("acks", "all");
        properties.putIfAbsent("max.request.size", 64 << 20);
        properties.putIfAbsent("buffer.memory", 64 << 20);
        properties.putIfAbsent("compression.type", "lz4");
        // Before anything is sent: half of the files would be worse than none.
        for (Path file : files) {
            DocumentFile.check(file);
        }
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (Path file : files) {
                DocumentFile.read(
                        file,
                        document -> sent.add(producer.send(new ProducerRecord<>(
                                topic, document.getId().getBytes(StandardCharsets.UTF_8), encoded(document)))));
            }
            for (Future<RecordMetadata> each : sent) {
                each.get();
            }
        }
        System.out.println(sent.size() + " documents sent to " + topic);
        return 0;
    }

    private static byte[] encoded(Document document) {
        try {
            var buffer = document.toByteBuffer();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
