package io.hatflow.flink.operator;

import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.batch.Distribution;
import java.util.List;
import java.util.function.IntToLongFunction;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

/** Every metric of a task and what it says. The tables of {@code docs/metrics.md} are written from this. */
@SuppressWarnings("ImmutableEnumChecker") // its lists cannot be changed
enum OperatorMetric {
    RECEIVED(Of.TASK, "received", "Records that reached the operator"),
    LABELLED(Of.TASK, "labelled", "Records that were answered with labels; in SQL also with a vector"),
    REJECTED(Of.TASK, "rejected", "Records that became dead letters"),
    REJECTED_FOR(Of.REASON, "rejectedFor", "Dead letters by [reason](delivery.md#dead-letters)"),
    IN_FLIGHT(Of.TASK, Kind.GAUGE, "inFlight", "Records without an answer yet; always received − labelled − rejected"),
    IN_FLIGHT_BYTES(
            Of.TASK,
            Kind.GAUGE,
            "inFlightBytes",
            "Bytes of the records that a task holds, until their events have left; at most `classify.capacity-memory`, or one record"),
    CACHED(
            Of.TASK,
            "cached",
            "Records answered from what the task remembers (`cache.documents`); they count as labelled, too"),
    SEGMENTS(Of.TASK, "segments", "Segments of the labelled documents"),
    WINDOWED(Of.TASK, "windowed", "Labelled documents of which all was seen, in several windows"),
    TRUNCATED(Of.TASK, "truncated", "Labelled documents of which only the beginning was seen"),
    SAMPLED(
            Of.TASK,
            "sampled",
            "Labelled documents of which [passages spread over them](hourglass.md#windows) were seen"),
    TOKENIZE_MICROS(
            Of.TASK, "tokenizeMicros", "Microseconds that labelled documents spent being tokenized and cut, summed"),
    QUEUE_MICROS(
            Of.TASK,
            "queueMicros",
            "Microseconds that labelled documents waited for their runs, summed; of a document of several windows, the slowest counts"),
    INFERENCE_MICROS(
            Of.TASK,
            "inferenceMicros",
            "Microseconds of the runs of labelled documents, summed; each document of a batch counts the batch's whole run"),

    LATENCY_MILLIS(
            Of.MODEL,
            "latencyMillis",
            Bounds.MILLIS,
            "From where the operator receives a document to its answer, in ms"),
    AGE_MILLIS(
            Of.MODEL,
            "ageMillis",
            Bounds.AGE,
            "From the timestamp of a document's Kafka record to its answer, in ms: how late labels are. In the job alone"),
    QUEUE_MILLIS(
            Of.MODEL,
            "queueMillis",
            Bounds.MILLIS,
            "How long a document waited for its run, in ms; of several windows, the longest"),
    RUN_MILLIS(
            Of.MODEL,
            "runMillis",
            Bounds.MILLIS,
            "How long the run took that answered a document, in ms; of several windows, the longest"),
    DOCUMENT_SEGMENTS(Of.MODEL, "documentSegments", Bounds.SEGMENTS, "Segments of a document that the model saw"),
    DOCUMENT_CHARACTERS(
            Of.MODEL, "documentCharacters", Bounds.CHARACTERS, "Length of a document, in UTF-16 code units"),
    TOP_SCORE_PERCENT(
            Of.MODEL,
            "topScorePercent",
            Bounds.PERCENT,
            "The highest of a document's scores, in percent. Not of regressions and language models"),
    BITS_PER_BYTE_HUNDREDTHS(
            Of.MODEL,
            "bitsPerByteHundredths",
            Bounds.BITS,
            "Bits per byte of a document × 100. Of language models alone"),
    BATCH_SEGMENTS(
            Of.SHARED_MODEL,
            "batchSegments",
            BatchStatistics.ROW_BOUNDS,
            "Segments of a run of the model, pad segments included"),

    ASSIGNED(
            Of.LABEL,
            "assigned",
            "Documents that were given this label. Not of regressions, whose labels are always there"),
    SCORE_PERMILLE(
            Of.LABEL,
            "scorePermille",
            "The label's score × 1000, summed over all labelled documents. Of regressions it is the predicted value, and a gauge, since it may"
                    + " fall; of language models the surprise"),

    INFO(
            Of.VERSION,
            Kind.GAUGE,
            "info",
            "Always 1: which version of the model the task runs, in which numbers, and where"),
    LOAD_MILLIS(
            Of.SHARED_MODEL,
            Kind.GAUGE,
            "loadMillis",
            "Time it took to open the model, self-test and warm-up included"),
    BATCHES(Of.SHARED_MODEL, "batches", "Runs of the model"),
    BATCHED_DOCUMENTS(
            Of.SHARED_MODEL,
            "batchedDocuments",
            "Documents that runs answered; a document beyond N segments counts once per window"),
    BATCHED_SEGMENTS(Of.SHARED_MODEL, "batchedSegments", "Segments of all runs, pad segments included"),
    BUSY_MICROS(
            Of.SHARED_MODEL,
            "busyMicros",
            "Microseconds spent in runs; those of short documents beside a long run do not count. At a rate of 1,000,000 a second the model"
                    + " never rests"),
    WAIT_MICROS(Of.SHARED_MODEL, "waitMicros", "Microseconds that documents waited for their run, summed"),
    FILL_RATIO(
            Of.SHARED_MODEL,
            Kind.GAUGE,
            "fillRatio",
            "How full segments are: real tokens in the batches ÷ token places (segments × K), since the start. Places without a token cost in"
                    + " attention alone"),
    QUEUED_DOCUMENTS(
            Of.SHARED_MODEL,
            Kind.GAUGE,
            "queuedDocuments",
            "Documents that wait now; one beyond N segments counts once per window"),
    QUEUED_SEGMENTS(Of.SHARED_MODEL, Kind.GAUGE, "queuedSegments", "Segments that wait now"),
    QUEUE_AGE_MILLIS(
            Of.SHARED_MODEL,
            Kind.GAUGE,
            "queueAgeMillis",
            "How long the oldest of those that wait now has waited; 0 if none waits"),
    BUDGET_SEGMENTS(Of.SHARED_MODEL, Kind.GAUGE, "budgetSegments", "Segments that a batch may hold at present"),
    FIXED_MICROS(
            Of.SHARED_MODEL,
            Kind.GAUGE,
            "fixedMicros",
            "a of the fitted time of a run, a + b·segments; of runs that had the device to themselves"),
    MICROS_PER_SEGMENT(Of.SHARED_MODEL, Kind.GAUGE, "microsPerSegment", "b of the same"),
    OUT_OF_MEMORY(Of.SHARED_MODEL, "outOfMemory", "Batches that were halved because memory ran out");

    /** What a metric is of, by the key/value groups that it lies in, which are its labels in Prometheus. */
    enum Of {
        TASK,
        REASON("reason"),
        MODEL("model"),
        /** What all tasks of the TaskManager share: each reports the same. */
        SHARED_MODEL("model"),
        LABEL("model", "label"),
        VERSION("model", "version", "precision", "device");

        private final List<String> keys;

        Of(String... keys) {
            this.keys = List.of(keys);
        }

        List<String> keys() {
            return keys;
        }
    }

    enum Kind {
        COUNTER,
        GAUGE,
        DISTRIBUTION
    }

    /** What distributions are counted by: from what is expected of a small model to what is far too much. */
    private static final class Bounds {
        static final List<Long> MILLIS =
                List.of(10L, 25L, 50L, 100L, 250L, 500L, 1_000L, 2_500L, 5_000L, 10_000L, 30_000L, 60_000L, 300_000L);
        static final List<Long> AGE = List.of(
                100L,
                250L,
                500L,
                1_000L,
                2_500L,
                5_000L,
                10_000L,
                30_000L,
                60_000L,
                300_000L,
                900_000L,
                3_600_000L,
                21_600_000L,
                86_400_000L);
        static final List<Long> SEGMENTS = List.of(1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L, 1_024L, 4_096L);
        static final List<Long> CHARACTERS =
                List.of(100L, 300L, 1_000L, 3_000L, 10_000L, 30_000L, 100_000L, 300_000L, 1_000_000L, 3_000_000L);
        static final List<Long> PERCENT = List.of(10L, 20L, 30L, 40L, 50L, 60L, 70L, 80L, 90L);
        static final List<Long> BITS = List.of(50L, 100L, 150L, 200L, 250L, 300L, 400L, 500L, 600L, 800L);
    }

    /** The key of a distribution's buckets. */
    private static final String AT_MOST = "le";

    /** Of the bucket that holds all. The Prometheus reporter would make {@code _Inf} of {@code +Inf}; Prometheus reads this as well. */
    private static final String ANYTHING = "Inf";

    /** What the names in Prometheus begin with. */
    static final String PREFIX = "flink_taskmanager_job_task_operator_";

    private final Of of;
    private final Kind kind;
    private final String name;
    private final List<Long> bounds;
    private final String meaning;

    OperatorMetric(Of of, String name, String meaning) {
        this(of, Kind.COUNTER, name, meaning);
    }

    OperatorMetric(Of of, Kind kind, String name, String meaning) {
        this(of, kind, name, List.of(), meaning);
    }

    OperatorMetric(Of of, String name, List<Long> bounds, String meaning) {
        this(of, Kind.DISTRIBUTION, name, bounds, meaning);
    }

    OperatorMetric(Of of, Kind kind, String name, List<Long> bounds, String meaning) {
        this.of = of;
        this.kind = kind;
        this.name = name;
        this.bounds = bounds;
        this.meaning = meaning;
    }

    Of of() {
        return of;
    }

    Kind kind() {
        return kind;
    }

    List<Long> bounds() {
        return bounds;
    }

    String meaning() {
        return meaning;
    }

    /** What follows the {@link #PREFIX} in Flink's Prometheus reporter; of a distribution its buckets, its count and its sum. */
    List<String> prometheusNames() {
        String scope = of.keys().stream().map(key -> key + "_").collect(Collectors.joining());
        return kind == Kind.DISTRIBUTION
                ? List.of(scope + AT_MOST + "_" + name + "_bucket", scope + name + "_count", scope + name + "_sum")
                : List.of(scope + name);
    }

    /**
     * Registers a counter, for several threads.
     *
     * @param task the operator's group
     * @param values of its labels
     */
    Counter counter(MetricGroup task, String... values) {
        return group(task, values).counter(name, new SharedCounter());
    }

    /** Registers a counter of what somebody else counts. */
    void counter(MetricGroup task, LongSupplier count, String... values) {
        group(task, values).counter(name, new CountedElsewhere(count));
    }

    /** Registers a gauge. */
    void gauge(MetricGroup task, Gauge<? extends Number> gauge, String... values) {
        group(task, values).gauge(name, gauge);
    }

    /** Registers a distribution of values that are still to come. */
    Distribution distribution(MetricGroup task, String... values) {
        Distribution distribution = new Distribution(bounds);
        distribution(task, distribution::atMost, distribution::sum, values);
        return distribution;
    }

    /**
     * Registers a distribution that somebody else counts: buckets that each hold all below, as Prometheus' own histograms do.
     *
     * @param atMost by the number of the bound, see {@link Distribution#atMost}
     */
    void distribution(MetricGroup task, IntToLongFunction atMost, LongSupplier sum, String... values) {
        MetricGroup group = group(task, values);
        for (int i = 0; i <= bounds.size(); i++) {
            int number = i;
            String bound = i == bounds.size() ? ANYTHING : bounds.get(i).toString();
            group.addGroup(AT_MOST, bound)
                    .counter(name + "_bucket", new CountedElsewhere(() -> atMost.applyAsLong(number)));
        }
        group.counter(name + "_count", new CountedElsewhere(() -> atMost.applyAsLong(bounds.size())));
        group.counter(name + "_sum", new CountedElsewhere(sum));
    }

    private MetricGroup group(MetricGroup task, String... values) {
        MetricGroup group = task;
        for (int i = 0; i < values.length; i++) {
            group = group.addGroup(of.keys().get(i), values[i]);
        }
        return group;
    }

    /** Only read here. A class, since reporters tell metrics apart by their identity. */
    private static final class CountedElsewhere implements Counter {

        private final LongSupplier count;

        CountedElsewhere(LongSupplier count) {
            this.count = count;
        }

        @Override
        public long getCount() {
            return count.getAsLong();
        }

        @Override
        public void inc() {
            throw countedElsewhere();
        }

        @Override
        public void inc(long n) {
            throw countedElsewhere();
        }

        @Override
        public void dec() {
            throw countedElsewhere();
        }

        @Override
        public void dec(long n) {
            throw countedElsewhere();
        }

        private static UnsupportedOperationException countedElsewhere() {
            return new UnsupportedOperationException("this counter is counted elsewhere; to count here is a bug");
        }
    }
}
