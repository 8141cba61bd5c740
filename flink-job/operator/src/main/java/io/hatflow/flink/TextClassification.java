package io.hatflow.flink;

import io.hatflow.flink.operator.ClassificationOperator;
import io.hatflow.flink.operator.OperatorSettings;
import io.hatflow.flink.operator.OperatorSettings.Order;
import io.hatflow.flink.pool.ClassifierOptions;
import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.flink.quarantine.QuarantineSettings;
import io.hatflow.inference.BatchSize;
import io.hatflow.inference.ClassifierSettings;
import io.hatflow.inference.ClassifierSettings.LongDocuments;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.onnx.Device;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.jspecify.annotations.Nullable;

/**
 * Classifies the texts in a stream, whatever its elements are:
 *
 * <pre>{@code
 * DataStream<Classified<Ticket>> labelled = TextClassification.of(tickets, Ticket::body)
 *         .bundle("/models/contract-clauses")
 *         .classify();
 * }</pre>
 *
 * <p>Each element leaves exactly once, with its labels or with the reason why its text has none. A fault of the machine fails the task, and
 * Flink restores it with the elements that were in flight. All tasks of a TaskManager that use the same bundle in the same way share one
 * model and its batches.
 *
 * <p>Every setting but the bundle has a default. Not thread-safe; used where the job is put together.
 *
 * @param <T> type of the stream's elements
 */
public final class TextClassification<T> {

    private final DataStream<T> elements;
    private final ElementTexts<T> texts;
    private final ClassifierSettings defaults = ClassifierSettings.defaults();
    private @Nullable String bundle;
    private @Nullable SignerKey signer;
    private Device device = defaults.model().device();
    private int inferenceThreads;
    private BatchSize batchSize = defaults.model().batchSize();
    private Duration runTimeout = defaults.model().runTimeout();
    private LongDocuments longDocuments = defaults.longDocuments();
    private int maxCharacters = defaults.maxCharacters();
    private int evidencePerLabel = defaults.evidencePerLabel();
    private Order order = OperatorSettings.defaults().order();
    private int capacity = OperatorSettings.defaults().capacity();
    private int cachedAnswers;
    private long capacityMemory = OperatorSettings.defaults().capacityBytes();
    private QuarantineSettings quarantine = QuarantineSettings.OFF;

    /** The text of an element. */
    @FunctionalInterface
    public interface TextOf<T> extends Serializable {

        /** The text; null is as good as none: the element is rejected as empty. */
        @Nullable
        String of(T element);
    }

    /** The segments of an element's text, where the text has come in segments. */
    @FunctionalInterface
    public interface SegmentsOf<T> extends Serializable {

        /** The segments in their order. */
        List<String> of(T element);
    }

    /** What tells an element from all others, and is the same when the element comes again. */
    @FunctionalInterface
    public interface IdOf<T> extends Serializable {

        /** The id. Files are named after it, percent-encoded: not more than 200 letters. */
        String of(T element);
    }

    /** Which elements may overtake the others on their way to the model. */
    @FunctionalInterface
    public interface IsUrgent<T> extends Serializable {

        /** Whether this one may. */
        boolean test(T element);
    }

    private TextClassification(DataStream<T> elements, ElementTexts<T> texts) {
        this.elements = elements;
        this.texts = texts;
    }

    /**
     * Classifies a text of each element.
     *
     * @param text reads it; runs in the tasks, at most twice for each element. What it throws fails the task
     */
    public static <T> TextClassification<T> of(DataStream<T> elements, TextOf<T> text) {
        return new TextClassification<>(elements, ElementTexts.whole(text));
    }

    /**
     * Classifies a text of each element that has come in segments. The model's segments hold tokens of one of them each; longer ones are
     * split. Offsets of evidence are those in the segments joined by one line feed.
     *
     * @param segments reads them; runs in the tasks, at most twice for each element. What it throws fails the task
     */
    public static <T> TextClassification<T> ofSegments(DataStream<T> elements, SegmentsOf<T> segments) {
        return new TextClassification<>(elements, ElementTexts.segmented(segments));
    }

    /** Folder of the model bundle, at the same path on every machine that runs tasks. */
    public TextClassification<T> bundle(String folder) {
        bundle = folder;
        return this;
    }

    /** Who must have signed the bundle; without this, no signature is required. */
    public TextClassification<T> signedBy(SignerKey key) {
        signer = key;
        return this;
    }

    /** Elements leave in the order in which they came, for each input partition of a task. The default. */
    public TextClassification<T> ordered() {
        order = Order.ORDERED;
        return this;
    }

    /** Elements leave as soon as they are classified. */
    public TextClassification<T> unordered() {
        order = Order.UNORDERED;
        return this;
    }

    /** Elements that may overtake the others on their way to the model; needs {@link #unordered}, else they wait for their turn to leave. */
    public TextClassification<T> urgent(IsUrgent<T> isUrgent) {
        texts.urgent(isUrgent);
        return this;
    }

    /** Most elements that a task holds at a time, 128 if not set; beyond it the stream before it slows down. Enough to fill two batches. */
    public TextClassification<T> capacity(int count) {
        capacity = count;
        return this;
    }

    /** Most bytes of text that a task holds at a time, 32 MiB if not set; a larger text is held alone. Part of every checkpoint. */
    public TextClassification<T> capacityMemory(long bytes) {
        capacityMemory = bytes;
        return this;
    }

    /** Texts whose answers a task keeps, so that the same text is not shown to the model again; 0, none, if not set. */
    public TextClassification<T> cachedAnswers(int texts) {
        cachedAnswers = texts;
        return this;
    }

    /** Where the model runs: a GPU that CUDA can use, or else the CPU, if not set. */
    public TextClassification<T> device(Device where) {
        device = where;
        return this;
    }

    /** Threads that one run of the model uses; one for every processor if not set. */
    public TextClassification<T> inferenceThreads(int threads) {
        inferenceThreads = threads;
        return this;
    }

    /** Segments that one run of the model takes together; if not set, runs are measured, and as many as gain anything within 2 s. */
    public TextClassification<T> batchSize(BatchSize size) {
        batchSize = size;
        return this;
    }

    /** A run of the model that takes longer hangs, which fails the task; 5 minutes if not set. Time in the queue does not count. */
    public TextClassification<T> runTimeout(Duration timeout) {
        runTimeout = timeout;
        return this;
    }

    /** What happens to a text beyond the model's length: seen whole in overlapping windows, if not set. */
    public TextClassification<T> longDocuments(LongDocuments what) {
        longDocuments = what;
        return this;
    }

    /** A longer text, in UTF-16 code units, is rejected; 10 million if not set. */
    public TextClassification<T> maxCharacters(int characters) {
        maxCharacters = characters;
        return this;
    }

    /** Most spans of text that a label names as its evidence; 3 if not set. */
    public TextClassification<T> evidencePerLabel(int spans) {
        evidencePerLabel = spans;
        return this;
    }

    /**
     * Texts that bring their task down again and again are rejected in the end.
     *
     * @param folder URI of a folder for this job alone, in a file system that all TaskManagers reach, where attempts are noted
     * @param attempts how often a text may have been with the model, alone in the end, when its task hung or crashed
     * @param id tells an element from all others
     */
    public TextClassification<T> quarantine(String folder, int attempts, IdOf<T> id) {
        quarantine = new QuarantineSettings(attempts, folder);
        texts.identifiedBy(id);
        return this;
    }

    /**
     * Adds the operator to the stream. Give it a {@code uid}, so that a savepoint finds its state again.
     *
     * @throws IllegalStateException if there is no bundle
     * @throws IllegalArgumentException if a setting is out of range
     */
    public SingleOutputStreamOperator<Classified<T>> classify() {
        if (bundle == null) {
            throw new IllegalStateException(
                    "no bundle is set; expected bundle(\"/models/contract-clauses\"), a folder written by `python -m onnx_export bundle`");
        }
        ClassifierOptions options = new ClassifierOptions(
                bundle,
                signer,
                longDocuments,
                maxCharacters,
                evidencePerLabel,
                batchSize,
                runTimeout,
                device,
                inferenceThreads);
        return ClassificationOperator.of(
                elements,
                texts,
                ClassifierPool.of(options),
                new OperatorSettings(order, capacity, capacityMemory, cachedAnswers, quarantine),
                Classified.type(elements.getType()));
    }
}
