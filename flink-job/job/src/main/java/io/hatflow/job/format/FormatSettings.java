package io.hatflow.job.format;

import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import io.hatflow.job.registry.RegisteredSchemas;
import io.hatflow.job.registry.SubjectNameStrategy;
import io.hatflow.job.registry.UnreadableSchemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * How documents are written in the values of records.
 *
 * @param writerSchemas folder of older Document schemas; empty if there is none
 * @param schema that records are written with, as JSON; empty if it is not known where the job is submitted
 * @param mapping which fields make the document, where records are the user's own
 */
public record FormatSettings(Format format, String writerSchemas, String schema, FieldMapping mapping) {

    /** What a value is. */
    public enum Format {
        /** A Document in Avro's single-object encoding. */
        HATFLOW,
        /** A record in Avro as Confluent's serializers write it, whose schema is in a registry. */
        CONFLUENT_AVRO,
        /** A record in Avro's binary form alone, whose schema is in a file. */
        AVRO,
        /** A JSON object. */
        JSON,
        /** The text itself. */
        TEXT
    }

    private static final Set<Format> MAPPED = EnumSet.of(Format.CONFLUENT_AVRO, Format.AVRO, Format.JSON);

    private static final Setting<Format> FORMAT = Setting.choice(
            "document.format",
            Format.class,
            Format.HATFLOW,
            "What the values of records are: `hatflow`, a Document in Avro's single-object encoding; `confluent-avro`,"
                    + " Avro with the id of a schema in a registry; `avro`, Avro's binary form by the schema of"
                    + " `document.schema`; `json`, a JSON object; `text`, the UTF-8 text itself. See"
                    + " [formats](formats.md).");
    private static final Setting<String> SCHEMA = Setting.optionalText(
            "document.schema",
            "File of the Avro schema that records are written with. Read where the job is submitted. For `avro` alone.");
    private static final Setting<String> WRITER_SCHEMAS = Setting.optionalText(
            "document.writer-schemas",
            "Folder of `.avsc` files: further versions of the Document schema that records may be written with."
                    + " Read where the job is submitted. For `hatflow` alone.");
    private static final Setting<List<FieldPath>> TEXT = paths(
            "document.text",
            "Field that holds the text: its path, with dots. Of several, the texts are joined; so are those of an"
                    + " array. Those that a record lacks are left out, as long as it has one.");
    private static final Setting<String> SEPARATOR = new Setting<>(
            "document.text-separator",
            "text, in which \\n is a line feed, \\t a tab and \\\\ a backslash",
            "\\n\\n",
            "Stands between texts that are joined.",
            FormatSettings::unescaped);
    private static final Setting<@Nullable FieldPath> SEGMENTS = path(
            "document.segments",
            "Field that holds the text as an array of texts which the model is to see apart, in place of"
                    + " `document.text`. With both, each record has one of them.");
    private static final Setting<IdSource> ID = new Setting<>(
            "document.id",
            "key, position or a path such as payload.number",
            "",
            "Where the id comes from: a field, the record's `key`, or its `position` (topic-partition-offset)."
                    + " Without it, the key where that is readable text, elsewhere the position.",
            text -> IdSource.parse(text.strip()));
    private static final Setting<@Nullable FieldPath> TITLE = path("document.title", "Field that holds the title.");
    private static final Setting<@Nullable FieldPath> TIME = path(
            "document.time",
            "Field that says when the document came to be: a time by ISO 8601, Avro's dates and timestamps, or a"
                    + " number since 1970.");
    private static final Setting<EpochUnit> TIME_UNIT = Setting.choice(
            "document.time-unit",
            EpochUnit.class,
            EpochUnit.MILLISECONDS,
            "What a number in `document.time` counts; Avro's timestamps say it themselves.");
    private static final Setting<@Nullable FieldPath> PRIORITY = path(
            "document.priority",
            "Field whose value `high` lets the record overtake, as `classify.priority-header` does.");
    private static final Setting<List<FieldPath>> METADATA =
            paths("document.metadata", "Fields that are carried through to the event, as text, under their paths.");

    /** Everything that can be set here. */
    public static final List<Setting<?>> SETTINGS = List.of(
            FORMAT, SCHEMA, TEXT, SEPARATOR, SEGMENTS, ID, TITLE, TIME, TIME_UNIT, PRIORITY, METADATA, WRITER_SCHEMAS);

    /**
     * Reads the settings; mistakes are noted in the values.
     *
     * @param hasRegistry whether the job is told of a schema registry
     */
    public static FormatSettings from(SettingValues values, boolean hasRegistry) {
        FieldMapping mapping = new FieldMapping(
                values.get(TEXT),
                values.get(SEPARATOR),
                values.get(SEGMENTS),
                values.get(ID),
                values.get(TITLE),
                values.get(TIME),
                values.get(TIME_UNIT),
                values.get(PRIORITY),
                values.get(METADATA));
        Format format = values.get(FORMAT);
        String file = values.get(SCHEMA);
        Optional<Schema> schema = format == Format.AVRO && !file.isEmpty() ? read(file, values) : Optional.empty();
        FormatSettings settings = new FormatSettings(
                format, values.get(WRITER_SCHEMAS), schema.map(Schema::toString).orElse(""), mapping);
        settings.noteContradictions(values, file, hasRegistry);
        schema.ifPresent(
                each -> SchemaCheck.problems(each, mapping).forEach(problem -> values.problem(problem.sentence())));
        return settings;
    }

    private static Optional<Schema> read(String file, SettingValues values) {
        try {
            return Optional.of(new Schema.Parser().parse(Files.readString(Path.of(file))));
        } catch (IOException | InvalidPathException e) {
            values.problem(
                    SCHEMA.key() + ": " + file + " cannot be read: " + e + "; expected a file of an Avro schema");
        } catch (AvroRuntimeException e) {
            values.problem(SCHEMA.key() + ": " + file + " is not an Avro schema: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
        return Optional.empty();
    }

    /**
     * Asks a registry whether the newest schemas of the topics have the fields that the mapping names. Each needs the id and a text, any
     * other field only one of them. A topic without a schema under its own name is passed over: its writers may use other subjects, or not have
     * written yet.
     *
     * @return what a person has to correct; empty for formats without a registry, too
     * @throws io.hatflow.job.registry.RegistryException if the registry does not answer
     */
    public List<String> problems(RegisteredSchemas registry, Collection<String> topics) {
        if (format != Format.CONFLUENT_AVRO) {
            return List.of();
        }
        List<String> problems = new ArrayList<>();
        Map<String, Schema> schemas = new LinkedHashMap<>();
        for (String topic : topics) {
            String subject = SubjectNameStrategy.TOPIC.subject(topic, "");
            try {
                registry.latest(subject).ifPresent(schema -> schemas.put(subject, schema));
            } catch (UnreadableSchemaException e) {
                problems.add(e.sentence() + " (subject " + subject + ")");
            }
        }
        problems.addAll(SubjectsCheck.problems(schemas, mapping));
        return problems;
    }

    private void noteContradictions(SettingValues values, String schemaFile, boolean hasRegistry) {
        noteOther(values, TEXT, !mapping.text().isEmpty(), MAPPED);
        noteOther(values, SEPARATOR, !mapping.separator().equals(FieldMapping.BLANK_LINE), MAPPED);
        noteOther(values, SEGMENTS, mapping.segments() != null, MAPPED);
        noteOther(values, TITLE, mapping.title() != null, MAPPED);
        noteOther(values, TIME, mapping.time() != null, MAPPED);
        noteOther(values, TIME_UNIT, mapping.timeUnit() != EpochUnit.MILLISECONDS, MAPPED);
        noteOther(values, PRIORITY, mapping.priority() != null, MAPPED);
        noteOther(values, METADATA, !mapping.metadata().isEmpty(), MAPPED);
        noteOther(values, SCHEMA, !schemaFile.isEmpty(), EnumSet.of(Format.AVRO));
        noteOther(values, WRITER_SCHEMAS, !writerSchemas.isEmpty(), EnumSet.of(Format.HATFLOW));
        noteOther(
                values,
                ID,
                mapping.id().kind() != IdSource.Kind.KEY_OR_POSITION,
                EnumSet.complementOf(EnumSet.of(Format.HATFLOW)));
        if (format == Format.TEXT && mapping.id().field() != null) {
            values.problem(ID.key() + " is \"" + mapping.id().field() + "\", but with " + FORMAT.key()
                    + ": text a value has no fields; expected key, position or nothing");
        }
        if (format == Format.AVRO && schemaFile.isEmpty()) {
            values.problem(SCHEMA.key() + " is missing, which " + FORMAT.key()
                    + ": avro needs; name the file of the schema that records are written with");
        }
        if (format == Format.CONFLUENT_AVRO && !hasRegistry) {
            values.problem("registry.url is missing, which " + FORMAT.key()
                    + ": confluent-avro needs; give the address of the schema registry");
        }
        if (MAPPED.contains(format) && mapping.text().isEmpty() && mapping.segments() == null) {
            values.problem(TEXT.key() + " is missing, which " + FORMAT.key() + ": " + written(format)
                    + " needs; name the field that holds the text");
        }
    }

    private void noteOther(SettingValues values, Setting<?> setting, boolean given, Set<Format> formats) {
        if (given && !formats.contains(format)) {
            values.problem(setting.key() + " has no effect with " + FORMAT.key() + ": " + written(format)
                    + "; leave it out, or set " + FORMAT.key() + " to "
                    + formats.stream().map(FormatSettings::written).collect(Collectors.joining(" or ")));
        }
    }

    /** For logs, without the schema's own text. */
    @Override
    public String toString() {
        return "FormatSettings[format=" + format + ", writerSchemas=" + writerSchemas + ", " + mapping + "]";
    }

    private static String written(Format format) {
        return format.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Setting<List<FieldPath>> paths(String key, String meaning) {
        return new Setting<>(
                key, "paths such as payload.body, each once, separated by commas, or nothing", "", meaning, text -> {
                    List<FieldPath> paths = new ArrayList<>();
                    if (!text.isBlank()) {
                        // A comma after a backslash is part of a name.
                        Arrays.stream(text.split("(?<!\\\\),", -1))
                                .map(String::strip)
                                .map(FieldPath::parse)
                                .forEach(paths::add);
                    }
                    if (new HashSet<>(paths).size() < paths.size()) {
                        throw new IllegalArgumentException("a path twice");
                    }
                    return paths;
                });
    }

    private static Setting<@Nullable FieldPath> path(String key, String meaning) {
        Function<String, @Nullable FieldPath> parser = text -> text.isBlank() ? null : FieldPath.parse(text.strip());
        return new Setting<>(key, "a path such as payload.body, or nothing", "", meaning, parser);
    }

    private static String unescaped(String text) {
        StringBuilder unescaped = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\') {
                unescaped.append(c);
                continue;
            }
            char escaped = ++i < text.length() ? text.charAt(i) : ' ';
            unescaped.append(
                    switch (escaped) {
                        case 'n' -> '\n';
                        case 't' -> '\t';
                        case '\\' -> '\\';
                        default -> throw new IllegalArgumentException("an unknown escape");
                    });
        }
        return unescaped.toString();
    }
}
