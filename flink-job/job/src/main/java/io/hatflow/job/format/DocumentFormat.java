package io.hatflow.job.format;

import static java.util.Objects.requireNonNull;

import io.hatflow.job.registry.RegisteredSchemas;
import java.io.Serializable;
import java.nio.file.Path;
import org.apache.avro.Schema;
import org.apache.flink.util.function.SerializableSupplier;
import org.jspecify.annotations.Nullable;

/** How documents are written in records. Travels from where the job is submitted to its tasks. */
@FunctionalInterface
public interface DocumentFormat extends Serializable {

    /** For one task; not thread-safe. */
    DocumentDecoder decoder();

    /** Avro's single-object encoding, in the current schema of documents. */
    static DocumentFormat hatflow() {
        return () -> new SingleObjectDecoder(WriterSchemas.withFolder(null));
    }

    /** JSON lines of {@code id}, {@code text} or {@code segments}, and {@code title}. */
    static DocumentFormat lines() {
        return () -> new JsonDecoder(FieldMapping.LINES);
    }

    /** The text itself, under the record's key. */
    static DocumentFormat text() {
        return () -> new TextDecoder(IdSource.Kind.KEY_OR_POSITION);
    }

    /**
     * What the settings say.
     *
     * @param registry opens the registry in a task; null where there is none, which one format cannot do without
     * @throws IllegalArgumentException if the writers' schemas cannot be used, with all problems
     */
    static DocumentFormat of(FormatSettings settings, @Nullable SerializableSupplier<RegisteredSchemas> registry) {
        FieldMapping mapping = settings.mapping();
        return switch (settings.format()) {
            case HATFLOW -> {
                String folder = settings.writerSchemas();
                WriterSchemas schemas = WriterSchemas.withFolder(folder.isEmpty() ? null : Path.of(folder));
                yield () -> new SingleObjectDecoder(schemas);
            }
            case CONFLUENT_AVRO -> {
                SerializableSupplier<RegisteredSchemas> schemas =
                        requireNonNull(registry, "confluent-avro without a registry");
                yield () -> new ConfluentAvroDecoder(schemas.get(), mapping);
            }
            case AVRO -> {
                String schema = settings.schema();
                yield () -> new BareAvroDecoder(new Schema.Parser().parse(schema), mapping);
            }
            case JSON -> () -> new JsonDecoder(mapping);
            case TEXT -> {
                IdSource.Kind id = mapping.id().kind();
                yield () -> new TextDecoder(id);
            }
        };
    }
}
