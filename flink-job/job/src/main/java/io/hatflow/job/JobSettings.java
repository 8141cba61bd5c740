package io.hatflow.job;

import io.hatflow.flink.operator.OperatorSettings.Order;
import io.hatflow.job.classify.ClassifySettings;
import io.hatflow.job.classify.QuarantineOptions;
import io.hatflow.job.classify.RejectionLimit;
import io.hatflow.job.config.References;
import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import io.hatflow.job.format.FormatSettings;
import io.hatflow.job.kafka.InputTopics;
import io.hatflow.job.kafka.OutputTopics;
import io.hatflow.job.registry.RegistrySettings;
import io.hatflow.job.sink.EventFormat;
import io.hatflow.job.sink.SinkSettings;
import io.hatflow.job.sink.SinkSettings.Guarantee;
import io.hatflow.job.source.SourceSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Everything that the job is told. Each part stands beside the classes that use it.
 *
 * @param name of the job, in Flink's web page
 * @param bootstrapServers of the Kafka cluster that holds input and output
 * @param kafkaProperties handed on to Kafka's clients as they are; may hold secrets
 * @param flinkOptions handed on to Flink as they are
 */
public record JobSettings(
        String name,
        String bootstrapServers,
        Map<String, String> kafkaProperties,
        Map<String, String> flinkOptions,
        RegistrySettings registry,
        SourceSettings source,
        FormatSettings format,
        ClassifySettings classify,
        QuarantineOptions quarantine,
        RejectionLimit rejectionLimit,
        SinkSettings sink,
        EventFormat events,
        CheckpointSettings checkpoint) {

    /** Under this every key goes to Kafka's clients. */
    static final String KAFKA_PREFIX = "kafka.properties.";

    /** Under this every key goes to Flink's configuration of the job. */
    static final String FLINK_PREFIX = "flink.";

    private static final Pattern SERVER = Pattern.compile("[^\\s;]+:\\d{1,5}");

    /** Options of Flink that are always those of settings here. */
    private static final Map<String, String> OWNED_BY_CHECKPOINTS = Map.of(
            "execution.checkpointing.interval", "checkpoint.interval",
            "execution.checkpointing.timeout", "checkpoint.timeout",
            "execution.checkpointing.mode", "kafka.guarantee");

    private static final Setting<String> NAME = Setting.text("job.name", "hatflow", "The job's name in Flink.");
    private static final Setting<String> BOOTSTRAP_SERVERS = Setting.text(
            "kafka.bootstrap-servers", null, "Brokers of the Kafka cluster, host:port, separated by commas.");

    /** Everything that can be set. */
    static final List<Setting<?>> SETTINGS = Stream.of(
                    List.<Setting<?>>of(BOOTSTRAP_SERVERS),
                    InputTopics.SETTINGS,
                    SourceSettings.SETTINGS,
                    FormatSettings.SETTINGS,
                    RegistrySettings.SETTINGS,
                    OutputTopics.SETTINGS,
                    SinkSettings.SETTINGS,
                    EventFormat.SETTINGS,
                    ClassifySettings.SETTINGS,
                    QuarantineOptions.SETTINGS,
                    RejectionLimit.SETTINGS,
                    CheckpointSettings.SETTINGS,
                    List.<Setting<?>>of(NAME))
            .flatMap(List::stream)
            .toList();

    public JobSettings {
        kafkaProperties = Map.copyOf(kafkaProperties);
        flinkOptions = Map.copyOf(flinkOptions);
    }

    /**
     * Reads settings from flags, environment and file, in this order of precedence.
     *
     * @throws io.hatflow.job.config.SettingsException if there is any mistake, with all of them
     */
    public static JobSettings read(String[] arguments, Map<String, String> environment) {
        SettingValues values = new SettingValues(
                arguments, environment, SETTINGS, List.of(KAFKA_PREFIX, FLINK_PREFIX, RegistrySettings.PREFIX));
        OutputTopics outputs = OutputTopics.from(values);
        InputTopics inputs = InputTopics.from(values, outputs);
        outputs.noteCollisions(values, inputs);
        SourceSettings source = SourceSettings.from(values, inputs);
        RegistrySettings registry = RegistrySettings.from(values);
        JobSettings settings = new JobSettings(
                values.get(NAME),
                values.get(BOOTSTRAP_SERVERS),
                values.under(KAFKA_PREFIX),
                values.under(FLINK_PREFIX),
                registry,
                source,
                FormatSettings.from(values, registry.isGiven()),
                ClassifySettings.from(values),
                QuarantineOptions.from(values),
                RejectionLimit.from(values),
                SinkSettings.from(values, outputs, source.groupId()),
                EventFormat.from(values, registry),
                CheckpointSettings.from(values));
        settings.noteContradictions(values);
        values.throwMistakes();
        return settings;
    }

    private void noteContradictions(SettingValues values) {
        Duration checkpointed = checkpoint.interval().plus(checkpoint.timeout());
        if (sink.guarantee() == Guarantee.EXACTLY_ONCE
                && sink.transactionTimeout().compareTo(checkpointed) <= 0) {
            values.problem("kafka.transaction-timeout is " + seconds(sink.transactionTimeout())
                    + ", expected more than checkpoint.interval + checkpoint.timeout = " + seconds(checkpointed)
                    + ": the broker would abort transactions before their checkpoint ends");
        }
        if (format.mapping().priority() != null && classify.order() == Order.ORDERED) {
            values.problem("document.priority is \"" + format.mapping().priority()
                    + "\", but with classify.order: ordered no document can overtake another;"
                    + " set classify.order: unordered or ordered-by-key, or leave the field out");
        }
        for (String server : bootstrapServers.split(",", -1)) {
            if (!SERVER.matcher(server.strip()).matches() && !bootstrapServers.equals(SettingValues.MISSING)) {
                values.problem(BOOTSTRAP_SERVERS.key() + " holds \"" + server.strip()
                        + "\", expected host:port, such as broker-1:9092, separated by commas");
            }
        }
        OWNED_BY_CHECKPOINTS.forEach((option, setting) -> {
            if (flinkOptions.containsKey(option)) {
                values.problem(FLINK_PREFIX + option + " would have no effect; set " + setting + " instead");
            }
        });
        flinkOptions.forEach((key, text) -> {
            if (References.in(text)) {
                values.problem(FLINK_PREFIX + key
                        + " holds a reference, which Flink would take for the value itself; put secrets of"
                        + " Flink into the configuration of the cluster");
            }
        });
        for (String owned : List.of(
                "auto.offset.reset",
                "bootstrap.servers",
                "group.id",
                "partition.discovery.interval.ms",
                "transactional.id",
                "transaction.timeout.ms")) {
            if (kafkaProperties.containsKey(owned)) {
                values.problem(KAFKA_PREFIX + owned + " has a setting of its own here; see docs/configuration.md");
            }
        }
    }

    /** Keys of secrets that are given as they are: these travel with the job wherever Flink keeps it. */
    List<String> openSecrets() {
        Stream<String> handedOn = Stream.of(
                        Map.entry(KAFKA_PREFIX, kafkaProperties), Map.entry(FLINK_PREFIX, flinkOptions))
                .flatMap(each -> new TreeMap<>(each.getValue())
                        .entrySet().stream()
                                .filter(entry ->
                                        SettingValues.soundsSecret(entry.getKey()) && !References.in(entry.getValue()))
                                .map(entry -> each.getKey() + entry.getKey()));
        return Stream.concat(handedOn, registry.openSecrets().stream()).toList();
    }

    private static String seconds(Duration duration) {
        return duration.toMillis() / 1000.0 + " s";
    }

    /** For logs: values that sound secret are not shown. */
    @Override
    public String toString() {
        return "JobSettings[name=" + name + ", bootstrapServers=" + bootstrapServers + ", kafkaProperties="
                + shown(kafkaProperties) + ", flinkOptions=" + shown(flinkOptions) + ", " + registry + ", " + source
                + ", " + format
                + ", " + classify
                + ", " + quarantine + ", " + rejectionLimit + ", " + sink + ", " + events + ", " + checkpoint + "]";
    }

    private static Map<String, String> shown(Map<String, String> texts) {
        Map<String, String> shown = new TreeMap<>();
        texts.forEach((key, text) -> shown.put(key, SettingValues.shown(key, text)));
        return shown;
    }
}
