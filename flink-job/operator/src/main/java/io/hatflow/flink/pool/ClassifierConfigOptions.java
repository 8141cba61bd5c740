package io.hatflow.flink.pool;

import static org.apache.flink.configuration.ConfigOptions.key;

import io.hatflow.inference.BatchSize;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.ReadableConfig;
import org.jspecify.annotations.Nullable;

/**
 * {@link ClassifierOptions} as people write them: the options of a model in SQL, and with {@code model.} before them the settings of the
 * job. Keys, defaults and meanings stand here alone.
 */
public final class ClassifierConfigOptions {

    private static final ClassifierSettings DEFAULTS = ClassifierSettings.defaults();

    public static final ConfigOption<String> BUNDLE = key("bundle")
            .stringType()
            .noDefaultValue()
            .withDescription("Folder of the model bundle, at the same path on every machine that runs tasks.");
    public static final ConfigOption<String> PUBLIC_KEY = key("public-key")
            .stringType()
            .noDefaultValue()
            .withDescription(
                    "PEM file of an Ed25519 public key. With it, a bundle that its owner has not signed is refused. Read"
                            + " where the job is submitted.");
    public static final ConfigOption<LongDocuments> LONG_DOCUMENTS = key("long-documents")
            .enumType(LongDocuments.class)
            .defaultValue(DEFAULTS.longDocuments())
            .withDescription(
                    "A document beyond the model's length: seen in several windows, only its beginning, or not at all (it is"
                            + " rejected). Windows overlap, unless a language model's leave gaps.");
    public static final ConfigOption<Integer> MAX_CHARACTERS = key("max-characters")
            .intType()
            .defaultValue(DEFAULTS.maxCharacters())
            .withDescription("A longer text (UTF-16 code units) is rejected.");
    public static final ConfigOption<Integer> BATCH_SEGMENTS = key("batch-segments")
            .intType()
            .noDefaultValue()
            .withDescription(
                    "Segments that one run of the model takes together. If not set, runs are measured, and each takes as many as"
                            + " still gain speed.");
    public static final ConfigOption<Duration> BATCH_TARGET = key("batch-target")
            .durationType()
            .defaultValue(BatchSize.learned().target())
            .withDescription(
                    "Where runs are measured, time that one should not exceed, unless a single document does.");
    public static final ConfigOption<Duration> RUN_TIMEOUT = key("run-timeout")
            .durationType()
            .defaultValue(DEFAULTS.model().runTimeout())
            .withDescription(
                    "A run of the model that has not returned within this time counts as hanging, and the task fails. The time"
                            + " that a document waits in the queue does not count, however long.");
    public static final ConfigOption<String> DEVICE = key("device")
            .stringType()
            .defaultValue(DEFAULTS.model().device().toString())
            .withDescription(
                    "Where the model runs. `auto` is a GPU where CUDA works (one that Flink has given to the TaskManager, if it"
                            + " has given any), and otherwise the CPU; the log says which. `cuda:N` is that GPU and no other. See"
                            + " [GPUs](gpu.md).");
    public static final ConfigOption<MemorySize> DEVICE_MEMORY = key("device-memory")
            .memoryType()
            .noDefaultValue()
            .withDescription("How much of a GPU's memory the model and its batches may take at most.");
    public static final ConfigOption<Integer> INFERENCE_THREADS = key("inference-threads")
            .intType()
            .noDefaultValue()
            .withDescription(
                    "Threads that one run of the model uses. If not set, one for every processor of the machine that runs the"
                            + " task.");
    public static final ConfigOption<Integer> EVIDENCE_PER_LABEL = key("evidence-per-label")
            .intType()
            .defaultValue(DEFAULTS.evidencePerLabel())
            .withDescription("How many spans of text a label names as its evidence at most.");

    /** All but the bundle, which must be given. */
    public static final List<ConfigOption<?>> OPTIONAL = List.of(
            PUBLIC_KEY,
            LONG_DOCUMENTS,
            MAX_CHARACTERS,
            BATCH_SEGMENTS,
            BATCH_TARGET,
            RUN_TIMEOUT,
            DEVICE,
            DEVICE_MEMORY,
            INFERENCE_THREADS,
            EVIDENCE_PER_LABEL);

    private ClassifierConfigOptions() {}

    /**
     * Reads them.
     *
     * @throws IllegalArgumentException naming the option, if a value is missing, cannot be read or is out of range
     */
    public static ClassifierOptions read(ReadableConfig config) {
        String bundle = config.getOptional(BUNDLE)
                .filter(folder -> !folder.isBlank())
                .orElseThrow(
                        () -> new IllegalArgumentException(
                                "bundle is not set; expected the folder of a model bundle, written by `python -m onnx_export bundle`"));
        return new ClassifierOptions(
                bundle,
                signer(config),
                config.get(LONG_DOCUMENTS),
                count(config, MAX_CHARACTERS),
                count(config, EVIDENCE_PER_LABEL),
                config.getOptional(BATCH_SEGMENTS).isPresent()
                        ? new BatchSize.Fixed(count(config, BATCH_SEGMENTS))
                        : new BatchSize.Learned(duration(config, BATCH_TARGET)),
                duration(config, RUN_TIMEOUT),
                device(config),
                config.getOptional(INFERENCE_THREADS).isPresent() ? count(config, INFERENCE_THREADS) : 0);
    }

    private static @Nullable SignerKey signer(ReadableConfig config) {
        try {
            return config.getOptional(PUBLIC_KEY)
                    .map(file -> SignerKey.read(Path.of(file)))
                    .orElse(null);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(PUBLIC_KEY.key() + ": " + e.getMessage(), e);
        }
    }

    private static int count(ReadableConfig config, ConfigOption<Integer> option) {
        int count = config.get(option);
        require(count >= 1, option, count, "a whole number from 1");
        return count;
    }

    private static Duration duration(ReadableConfig config, ConfigOption<Duration> option) {
        Duration duration = config.get(option);
        require(duration.toMillis() > 0, option, duration, "a duration such as 500 ms, 10 s, 15 min or 1 h");
        return duration;
    }

    private static Device device(ReadableConfig config) {
        try {
            Device device = Device.parse(config.get(DEVICE).strip().toLowerCase(Locale.ROOT));
            return device.limitedTo(
                    config.getOptional(DEVICE_MEMORY).map(MemorySize::getBytes).orElse(0L));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "device is \"" + config.get(DEVICE) + "\", expected auto, cpu or cuda:N, such as cuda:0", e);
        }
    }

    private static void require(boolean holds, ConfigOption<?> option, Object value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(option.key() + " is " + value + ", expected " + expected);
        }
    }
}
