package io.hatflow.job.cli;

import io.hatflow.events.Document;
import io.hatflow.job.format.Decoded;
import io.hatflow.job.format.JsonDocument;
import io.hatflow.job.score.Utf8File;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
            if (!Files.isRegularFile(file)) {
                throw new IllegalArgumentException(
                        file + " is not a file; expected text, or .jsonl with a document a line");
            }
        }
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (Path file : files) {
                for (Document document : documents(file)) {
                    sent.add(producer.send(new ProducerRecord<>(
                            topic, document.getId().getBytes(StandardCharsets.UTF_8), encoded(document))));
                }
            }
            for (Future<RecordMetadata> each : sent) {
                each.get();
            }
        }
        System.out.println(sent.size() + " documents sent to " + topic);
        return 0;
    }

    private static byte[] encoded(Document document) throws IOException {
        var buffer = document.toByteBuffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static List<Document> documents(Path file) throws IOException {
        try {
            return read(file);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + " is not UTF-8; convert it first (iconv -t UTF-8)", e);
        }
    }

    private static List<Document> read(Path file) throws IOException {
        if (!file.toString().endsWith(".jsonl")) {
            return List.of(Document.newBuilder()
                    .setId(file.getFileName().toString())
                    .setText(text(file))
                    .build());
        }
        List<Document> documents = new ArrayList<>();
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(Utf8File.open(file), StandardCharsets.UTF_8.newDecoder()))) {
            int number = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                Decoded parsed = JsonDocument.parse(line.getBytes(StandardCharsets.UTF_8));
                if (parsed.document() == null) {
                    throw new IllegalArgumentException(file + ", line " + number + ": "
                            + (parsed.refusal() == null ? "" : parsed.refusal().message()));
                }
                documents.add(parsed.document());
            }
        }
        return documents;
    }

    private static String text(Path file) throws IOException {
        try (InputStream bytes = Utf8File.open(file)) {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.readAllBytes()))
                    .toString();
        }
    }
}
