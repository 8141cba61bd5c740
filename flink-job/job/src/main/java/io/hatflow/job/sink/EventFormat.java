package io.hatflow.job.sink;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import io.hatflow.job.kafka.OutputTopics;
import io.hatflow.job.registry.RegistrySettings;
import io.hatflow.job.registry.SchemaRegistry;
import io.hatflow.job.registry.SubjectNameStrategy;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.Schema;

/**
 * How events are written.
 *
 * @param encoding of their values
 * @param registerSchemas whether their schemas are registered where the registry does not hold them
 */
public record EventFormat(Encoding encoding, boolean registerSchemas) {

    /** What the value of an event's record is. */
    public enum Encoding {
        /** Avro's single-object encoding; its readers have the schema. */
        HATFLOW,
        /** A zero byte, the schema's id in the registry (four bytes, big-endian), Avro's binary encoding. */
        CONFLUENT_AVRO,
        /** JSON in UTF-8. */
        JSON
    }

    private static final Setting<Encoding> FORMAT = Setting.choice(
            "events.format",
            Encoding.class,
            Encoding.HATFLOW,
            "How labelled documents and dead letters are written: `hatflow` is Avro's single-object encoding, whose readers"
                    + " need the schema; `confluent-avro` is Avro with its schema in the registry; `json` is the whole event as"
                    + " JSON. See [events](registry.md#events).");
    private static final Setting<Boolean> REGISTER_SCHEMAS = Setting.flag(
            "events.register-schemas",
            true,
            "With `confluent-avro`, whether the job registers the schemas of its events. Otherwise the registry must hold them"
                    + " already.");

    /** Everything that can be set here. */
    public static final List<Setting<?>> SETTINGS = List.of(FORMAT, REGISTER_SCHEMAS);

    /** Reads the settings; mistakes are noted in the values. */
    public static EventFormat from(SettingValues values, RegistrySettings registry) {
        EventFormat format = new EventFormat(values.get(FORMAT), values.get(REGISTER_SCHEMAS));
        if (format.encoding == Encoding.CONFLUENT_AVRO && !registry.isGiven()) {
            values.problem(FORMAT.key()
                    + " is confluent-avro, but there is no registry; give registry.url, or choose another" + " format");
        }
        return format;
    }

    /**
     * Asks a registry whether it would take the schemas of events. Registers nothing.
     *
     * @param inputTopics whose events the topics follow, where they do
     * @return what a person has to correct; empty for formats without a registry, too
     * @throws io.hatflow.job.registry.RegistryException if the registry does not answer
     */
    public List<String> problems(
            SchemaRegistry registry,
            SubjectNameStrategy subjects,
            OutputTopics topics,
            Collection<String> inputTopics) {
        if (encoding != Encoding.CONFLUENT_AVRO) {
            return List.of();
        }
        return Stream.concat(
                        problems(
                                registry,
                                subjects,
                                LabelledDocument.class,
                                topics.labelled().of(inputTopics)),
                        problems(
                                registry,
                                subjects,
                                DeadLetter.class,
                                topics.deadLetters().of(inputTopics)))
                .toList();
    }

    private Stream<String> problems(
            SchemaRegistry registry, SubjectNameStrategy subjects, Class<?> type, Stream<String> topics) {
        Schema schema = ConfluentAvroEncoder.published(type);
        return topics.map(topic -> subjects.subject(topic, schema.getFullName()))
                .distinct()
                .flatMap(subject -> registry.whyNotWritten(subject, schema, registerSchemas).stream());
    }
}
