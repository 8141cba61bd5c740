package io.hatflow.job.sink;

import io.hatflow.job.registry.ConfluentFraming;
import io.hatflow.job.registry.RegistrySettings;
import io.hatflow.job.registry.SchemaRegistry;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DatumWriter;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecordBase;
import org.jspecify.annotations.Nullable;

/**
 * Confluent's form: a zero byte, the schema's id in the registry (four bytes, big-endian), Avro's binary encoding. What is registered is the
 * published file, documentation included, and not the generated class's schema, which says how Java holds texts.
 */
final class ConfluentAvroEncoder<T extends SpecificRecordBase> implements EventEncoder<T> {

    private static final long serialVersionUID = 1L;

    private final Class<T> type;
    private final RegistrySettings settings;
    private final boolean register;
    private transient @Nullable Writing<T> writing;

    /** What one task writes with. */
    private record Writing<T>(
            SchemaRegistry registry, Schema published, DatumWriter<T> writer, Map<String, Integer> idsByTopic) {}

    /**
     * Nothing is asked yet.
     *
     * @param register whether the schema is registered where the registry does not hold it
     */
    ConfluentAvroEncoder(Class<T> type, RegistrySettings settings, boolean register) {
        this.type = type;
        this.settings = settings;
        this.register = register;
    }

    @Override
    public void open(String topic) {
        int unused = id(writing(), topic);
    }

    @Override
    public byte[] encode(String topic, T event) {
        Writing<T> with = writing();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        try (DataOutputStream header = new DataOutputStream(bytes)) {
            header.writeByte(ConfluentFraming.MAGIC);
            header.writeInt(id(with, topic));
            BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
            with.writer().write(event, encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("An event in memory could not be encoded; this is a bug", e);
        }
        return bytes.toByteArray();
    }

    private int id(Writing<T> with, String topic) {
        return with.idsByTopic().computeIfAbsent(topic, each -> with.registry()
                .idToWrite(
                        settings.subjectNames().subject(each, with.published().getFullName()),
                        with.published(),
                        register));
    }

    private Writing<T> writing() {
        if (writing == null) {
            SpecificData model = SpecificData.getForClass(type);
            @SuppressWarnings("unchecked")
            DatumWriter<T> writer = model.createDatumWriter(model.getSchema(type));
            writing = new Writing<>(new SchemaRegistry(settings), published(type), writer, new HashMap<>());
        }
        return writing;
    }

    /** The schema of an event as {@code schemas/} publishes it. */
    static Schema published(Class<?> type) {
        String file = "/io/hatflow/schemas/" + type.getSimpleName() + ".avsc";
        try (InputStream content = ConfluentAvroEncoder.class.getResourceAsStream(file)) {
            if (content == null) {
                throw new IllegalStateException("The class path does not hold " + file + "; this is a bug");
            }
            return new Schema.Parser().parse(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
