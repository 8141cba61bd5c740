package io.hatflow.benchmarks.kafka;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.job.registry.ConfluentFraming;
import io.hatflow.job.registry.RegistrySettings;
import io.hatflow.job.registry.SchemaRegistry;
import io.hatflow.job.registry.SubjectNameStrategy;
import io.hatflow.registry.LocalRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/**
 * How documents are written in the values of records, and what a job has to be told to read them.
 *
 * @param name as {@code document.format} has it
 * @param value of a document's record
 * @param settings flags of the job
 */
public record WireFormat(String name, Function<Document, byte[]> value, List<String> settings) {

    /** What the job reads without being told. */
    public static final WireFormat HATFLOW = new WireFormat("hatflow", Records::encoded, List.of());

    /** A record as users have it: id and text are fields among others, one of them nested. */
    private static final Schema SCHEMA = new Schema.Parser().parse("""
            {"type": "record", "name": "Filing", "namespace": "example.court", "fields": [
              {"name": "caseNumber", "type": "string"},
              {"name": "court", "type": ["null", "string"], "default": null},
              {"name": "payload", "type": {"type": "record", "name": "Payload", "fields": [
                {"name": "language", "type": "string"},
                {"name": "body", "type": "string"}]}}]}
            """);

    private static final List<String> FIELDS = List.of(
            "--document.text=payload.body", "--document.id=caseNumber", "--document.metadata=payload.language,court");

    /**
     * All that the job reads, {@link #HATFLOW} first.
     *
     * @param registry which learns the schema that one of them needs
     * @param folder for the file of the schema that another needs
     */
    public static List<WireFormat> all(LocalRegistry registry, Path folder) throws IOException {
        Path schema = Files.writeString(folder.resolve("filing.avsc"), SCHEMA.toString());
        Map<String, String> client = registry.clientProperties();
        int id = new SchemaRegistry(new RegistrySettings(List.of(registry.url()), SubjectNameStrategy.RECORD, client))
                .register(SCHEMA.getFullName(), SCHEMA);
        List<String> asking = new ArrayList<>(List.of("--registry.url=" + registry.url()));
        client.forEach((key, value) -> asking.add("--registry.properties." + key + "=" + value));
        return List.of(
                HATFLOW,
                mapped("confluent-avro", document -> framed(id, binary(document)), asking),
                mapped("avro", WireFormat::binary, List.of("--document.schema=" + schema)),
                mapped("json", document -> filing(document).toString().getBytes(StandardCharsets.UTF_8), List.of()),
                new WireFormat(
                        "text",
                        document -> document.text().getBytes(StandardCharsets.UTF_8),
                        List.of("--document.format=text", "--document.id=key")));
    }

    private static WireFormat mapped(String name, Function<Document, byte[]> value, List<String> more) {
        List<String> settings = new ArrayList<>(FIELDS);
        settings.add("--document.format=" + name);
        settings.addAll(more);
        return new WireFormat(name, value, settings);
    }

    private static GenericRecord filing(Document document) {
        GenericRecord payload = new GenericRecordBuilder(
                        SCHEMA.getField("payload").schema())
                .set("language", "en")
                .set("body", document.text())
                .build();
        return new GenericRecordBuilder(SCHEMA)
                .set("caseNumber", document.id())
                .set("court", "Court of Appeal")
                .set("payload", payload)
                .build();
    }

    private static byte[] binary(Document document) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
        try {
            new GenericDatumWriter<GenericRecord>(SCHEMA).write(filing(document), encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] framed(int id, byte[] value) {
        return ByteBuffer.allocate(ConfluentFraming.BYTES + value.length)
                .put(ConfluentFraming.MAGIC)
                .putInt(id)
                .put(value)
                .array();
    }
}
