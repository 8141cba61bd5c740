package io.hatflow.job.classify;

import io.hatflow.flink.operator.OperatorSettings;
import io.hatflow.flink.operator.OperatorSettings.Order;
import io.hatflow.flink.pool.ClassifierOptions;
import io.hatflow.flink.quarantine.QuarantineSettings;
import io.hatflow.inference.BatchSize;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.ModelSettings;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import io.hatflow.job.config.Setting;
import io.hatflow.job.config.SettingValues;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How documents are classified inside the stream.
 *
 * @param classifier which bundle classifies, and how
 * @param order whether events leave in the order of their records
 * @param priorityHeader name of the header that makes a record urgent; empty for none
 * @param capacity most documents that one task holds at a time
 * @param capacityBytes most bytes of their records that it holds
 */
public record ClassifySettings(
        ClassifierOptions classifier, Order order, String priorityHeader, int capacity, long capacityBytes) {

    private static final Setting<String> BUNDLE = Setting.text(
            "model.bundle", null, "Folder of the model bundle, at the same path on every machine that runs tasks.");
    private static final Setting<String> PUBLIC_KEY = Setting.optionalText(
            "model.public-key",
            "PEM file of an Ed25519 public key. With it, a bundle that its owner has not signed is refused. Read where the job is"
                    + " submitted.");
    private static final Setting<Order> ORDER = Setting.choice(
            "classify.order",
            Order.class,
            Order.ORDERED,
            "Whether the events of an input partition leave in its order.");
    private static final Setting<String> PRIORITY_HEADER = Setting.optionalText(
            "classify.priority-header",
            "Name of a Kafka header. A record that has it with the value `high` overtakes the"
                    + " others that wait for the model in the same TaskManager, from each task at most"
                    + " `classify.capacity`. It cannot overtake what is still in Kafka, or on its way to a"
                    + " task. At least every fourth batch begins with a record that is not urgent. Needs"
                    + " `classify.order: unordered`.");
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
    private static final Setting<LongDocuments> LONG_DOCUMENTS = Setting.choice(
            "model.long-documents",
            LongDocuments.class,
            ClassifierSettings.defaults().longDocuments(),
            "A document beyond the model's length: seen whole in overlapping windows, only its beginning, or not at all"
                    + " (a dead letter).");
    private static final Setting<Integer> MAX_CHARACTERS = Setting.count(
            "model.max-characters",
            Integer.toString(ClassifierSettings.defaults().maxCharacters()),
            "A longer text (UTF-16 code units) becomes a dead letter.");
    private static final Setting<Integer> BATCH_SEGMENTS = Setting.countOr(
            "auto",
            "model.batch-segments",
            "Segments that one run of the model takes together; `auto` measures runs and takes"
                    + " as many as still gain speed.");
    private static final Setting<Duration> BATCH_TARGET = Setting.duration(
            "model.batch-target",
            BatchSize.learned().target().toSeconds() + " s",
            "With `model.batch-segments: auto`, time that one run of the model should not"
                    + " exceed, unless a single document does.");
    private static final Setting<Duration> RUN_TIMEOUT = Setting.duration(
            "model.run-timeout",
            ModelSettings.defaults().runTimeout().toMinutes() + " min",
            "A run of the model that has not returned within this time counts as hanging, and"
                    + " the task fails. The time that a document waits in the queue does not count, however"
                    + " long.");
    private static final Setting<Device> DEVICE = new Setting<>(
            "model.device",
            "auto, cpu or cuda:N",
            Device.AUTO.toString(),
            "Where the model runs. `auto` is a GPU where CUDA works (one that Flink has given to"
                    + " the TaskManager, if it has given any), and otherwise the CPU; the log says which."
                    + " `cuda:N` is that GPU and no other. See [GPUs](gpu.md).",
            text -> Device.parse(text.strip().toLowerCase(Locale.ROOT)));
    private static final Setting<Long> DEVICE_MEMORY = Setting.memoryOr(
            "all", "model.device-memory", "How much of a GPU's memory the model and its batches may take at most.");
    private static final Setting<Integer> INFERENCE_THREADS = Setting.countOr(
            "all",
            "model.inference-threads",
            "Threads that one run of the model uses; `all` is one for every processor of the machine that runs the task.");
    private static final Setting<Integer> EVIDENCE_PER_LABEL = Setting.count(
            "model.evidence-per-label",
            Integer.toString(ClassifierSettings.defaults().evidencePerLabel()),
            "How many spans of text a label names as its evidence at most.");

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
            CAPACITY_MEMORY);

    /** Reads the settings; mistakes are noted in the values. */
    public static ClassifySettings from(SettingValues values) {
        Order order = values.get(ORDER);
        String priorityHeader = values.get(PRIORITY_HEADER);
        if (!priorityHeader.isEmpty() && order == Order.ORDERED) {
            values.problem("classify.priority-header is \"" + priorityHeader
                    + "\", but with classify.order: ordered no document can"
                    + " overtake another; set classify.order: unordered, or leave the header out");
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
                classifier, order, priorityHeader, values.get(CAPACITY), values.get(CAPACITY_MEMORY));
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
        return new OperatorSettings(order, capacity, capacityBytes, quarantine);
    }
}
