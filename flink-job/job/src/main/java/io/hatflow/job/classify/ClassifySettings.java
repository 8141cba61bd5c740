package io.hatflow.job.classify;

import io.hatflow.flink.operator.OperatorSettings;
import io.hatflow.flink.operator.OperatorSettings.Order;
import io.hatflow.flink.pool.ClassifierConfigOptions;
import io.hatflow.flink.pool.ClassifierOptions;
import io.hatflow.flink.quarantine.QuarantineSettings;
import io.hatflow.inference.BatchSize;
import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.description.HtmlFormatter;
import org.jspecify.annotations.Nullable;

/**
 * How documents are classified inside the stream.
 *
 * @param classifier which bundle classifies, and how
 * @param order whether events leave in the order of their records
 * @param priorityHeader name of the header that makes a record urgent; empty for none
 * @param capacity most documents that one task holds at a time
 * @param capacityBytes most bytes of their records that it holds
 * @param cachedDocuments documents whose answers it keeps; 0 for none
 */
public record ClassifySettings(
        ClassifierOptions classifier,
        Order order,
        String priorityHeader,
        int capacity,
        long capacityBytes,
        int cachedDocuments) {

    private static final String MODEL = "model.";

    private static final Setting<String> BUNDLE =
            Setting.text(key(ClassifierConfigOptions.BUNDLE), null, meaning(ClassifierConfigOptions.BUNDLE));
    private static final Setting<String> PUBLIC_KEY =
            Setting.optionalText(key(ClassifierConfigOptions.PUBLIC_KEY), meaning(ClassifierConfigOptions.PUBLIC_KEY));
    private static final Setting<Order> ORDER = Setting.choice(
            "classify.order",
            Order.class,
            Order.ORDERED,
            "Which events leave in the order of their records: all of an input partition; with"
                    + " `ordered-by-key` those of one key, while others pass; or none. See"
                    + " [delivery](delivery.md#order).");
    private static final Setting<String> PRIORITY_HEADER = Setting.optionalText(
            "classify.priority-header",
            "Name of a Kafka header. A record that has it with the value `high` overtakes the"
                    + " others that wait for the model in the same TaskManager, from each task at most"
                    + " `classify.capacity`. It cannot overtake what is still in Kafka, or on its way to a"
                    + " task. At least every fourth batch begins with a record that is not urgent. Needs"
                    + " `classify.order: unordered` or `ordered-by-key`.");
    private static final Setting<Integer> CAPACITY = Setting.count(
            "classify.capacity",
            "128",
            "How many documents one task holds at most; beyond it the source slows down. Enough"
                    + " to fill two micro-batches; each document costs memory and time at a restore.");
    private static final Setting<Long> CAPACITY_MEMORY = Setting.memory(
            "classify.capacity-memory",
            "32 mb",
            "How many bytes of records one task holds at most; beyond it the source slows down,"
                    + " too. A larger record is held alone. What is held is part of every checkpoint;"
                    + " [delivery](delivery.md#what-is-in-flight) says what it takes of the heap.");
    private static final Setting<Integer> CACHED_DOCUMENTS = Setting.countOr(
            "none",
            "cache.documents",
            "How many documents one task remembers: a text that comes again, to the last character, gets the"
                    + " same labels without the model. The ones used last are kept, in memory alone: a task that restarts"
                    + " begins with none.");
    private static final Setting<LongDocuments> LONG_DOCUMENTS = Setting.choice(
            key(ClassifierConfigOptions.LONG_DOCUMENTS),
            LongDocuments.class,
            ClassifierConfigOptions.LONG_DOCUMENTS.defaultValue(),
            meaning(ClassifierConfigOptions.LONG_DOCUMENTS));
    private static final Setting<Integer> MAX_CHARACTERS = count(ClassifierConfigOptions.MAX_CHARACTERS);
    private static final Setting<Integer> BATCH_SEGMENTS = Setting.countOr(
            "auto", key(ClassifierConfigOptions.BATCH_SEGMENTS), meaning(ClassifierConfigOptions.BATCH_SEGMENTS));
    private static final Setting<Duration> BATCH_TARGET = Setting.duration(
            key(ClassifierConfigOptions.BATCH_TARGET),
            ClassifierConfigOptions.BATCH_TARGET.defaultValue().toSeconds() + " s",
            meaning(ClassifierConfigOptions.BATCH_TARGET));
    private static final Setting<Duration> RUN_TIMEOUT = Setting.duration(
            key(ClassifierConfigOptions.RUN_TIMEOUT),
            ClassifierConfigOptions.RUN_TIMEOUT.defaultValue().toMinutes() + " min",
            meaning(ClassifierConfigOptions.RUN_TIMEOUT));
    private static final Setting<Device> DEVICE = new Setting<>(
            key(ClassifierConfigOptions.DEVICE),
            "auto, cpu or cuda:N",
            ClassifierConfigOptions.DEVICE.defaultValue(),
            meaning(ClassifierConfigOptions.DEVICE),
            text -> Device.parse(text.strip().toLowerCase(Locale.ROOT)));
    private static final Setting<Long> DEVICE_MEMORY = Setting.memoryOr(
            "all", key(ClassifierConfigOptions.DEVICE_MEMORY), meaning(ClassifierConfigOptions.DEVICE_MEMORY));
    private static final Setting<Integer> INFERENCE_THREADS = Setting.countOr(
            "all", key(ClassifierConfigOptions.INFERENCE_THREADS), meaning(ClassifierConfigOptions.INFERENCE_THREADS));
    private static final Setting<Integer> EVIDENCE_PER_LABEL = count(ClassifierConfigOptions.EVIDENCE_PER_LABEL);

    /** Everything that can be set here. */
    public static final List<Setting<?>> SETTINGS = List.of(
            BUNDLE,
            PUBLIC_KEY,
            LONG_DOCUMENTS,
            MAX_CHARACTERS,
            BATCH_SEGMENTS,
            BATCH_TARGET,
            RUN_TIMEOUT,
            DEVICE,
            DEVICE_MEMORY,
            INFERENCE_THREADS,
            EVIDENCE_PER_LABEL,
            ORDER,
            PRIORITY_HEADER,
            CAPACITY,
            CAPACITY_MEMORY,
            CACHED_DOCUMENTS);

    private static Setting<Integer> count(ConfigOption<Integer> option) {
        return Setting.count(key(option), Integer.toString(option.defaultValue()), meaning(option));
    }

    private static String key(ConfigOption<?> option) {
        return MODEL + option.key();
    }

    private static String meaning(ConfigOption<?> option) {
        return new HtmlFormatter().format(option.description());
    }

    /** Reads the settings; mistakes are noted in the values. */
    public static ClassifySettings from(SettingValues values) {
        Order order = values.get(ORDER);
        String priorityHeader = values.get(PRIORITY_HEADER);
        if (!priorityHeader.isEmpty() && order == Order.ORDERED) {
            values.problem("classify.priority-header is \"" + priorityHeader
                    + "\", but with classify.order: ordered no document can"
                    + " overtake another; set classify.order: unordered or ordered-by-key, or leave the header out");
        }
        int batchSegments = values.get(BATCH_SEGMENTS);
        Duration batchTarget = values.get(BATCH_TARGET);
        ClassifierOptions classifier = new ClassifierOptions(
                values.get(BUNDLE),
                signer(values),
                values.get(LONG_DOCUMENTS),
                values.get(MAX_CHARACTERS),
                values.get(EVIDENCE_PER_LABEL),
                batchSegments == 0 ? new BatchSize.Learned(batchTarget) : new BatchSize.Fixed(batchSegments),
                values.get(RUN_TIMEOUT),
                values.get(DEVICE).limitedTo(values.get(DEVICE_MEMORY)),
                values.get(INFERENCE_THREADS));
        return new ClassifySettings(
                classifier,
                order,
                priorityHeader,
                values.get(CAPACITY),
                values.get(CAPACITY_MEMORY),
                values.get(CACHED_DOCUMENTS));
    }

    private static @Nullable SignerKey signer(SettingValues values) {
        String file = values.get(PUBLIC_KEY);
        try {
            return file.isEmpty() ? null : SignerKey.read(Path.of(file));
        } catch (IllegalArgumentException e) {
            values.problem(PUBLIC_KEY.key() + ": " + e.getMessage());
            return null;
        }
    }

    /** What may be in flight, and in which order it leaves. */
    OperatorSettings operator(QuarantineSettings quarantine) {
        return new OperatorSettings(order, capacity, capacityBytes, cachedDocuments, quarantine);
    }
}
