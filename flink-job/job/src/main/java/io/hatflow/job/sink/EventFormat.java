package io.hatflow.job.sink;

import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import io.hatflow.job.registry.RegistrySettings;
import java.util.List;

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
}
