package io.hatflow.job.classify;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import io.hatflow.events.Stage;
import io.hatflow.inference.Classification;
import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.Rejection;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.job.Sent;
import io.hatflow.job.quarantine.QuarantineSettings;
import io.hatflow.job.source.DocumentFormat;
import io.hatflow.job.source.RecordHeader;
import io.hatflow.job.source.SourceRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.java.typeutils.EitherTypeInfo;
import org.apache.flink.formats.avro.typeutils.AvroTypeInfo;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.metrics.groups.InternalOperatorMetricGroup;
import org.apache.flink.runtime.metrics.groups.TaskMetricGroup;
import org.apache.flink.runtime.metrics.util.InterceptingOperatorMetricGroup;
import org.apache.flink.runtime.metrics.util.InterceptingTaskMetricGroup;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.streaming.api.datastream.AsyncDataStream.OutputMode;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.mailbox.Mail;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.types.Either;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The function inside Flink's own async operator, over a classifier whose answers the test gives. */
@Timeout(60)
@SuppressWarnings("try") // the harness may throw InterruptedException when it closes
class ClassifyFunctionTest {

    private static final byte[] NO_DOCUMENT = {4, 5};
    private static final BundleInfo BUNDLE = new BundleInfo("tiny", "1", "ab".repeat(32), List.of("good"));

    private final InterceptingOperatorMetricGroup metrics = new InterceptingOperatorMetricGroup();
    private final TaskMetricGroup taskMetrics = new InterceptingTaskMetricGroup() {
        @Override
        public InternalOperatorMetricGroup getOrAddOperator(OperatorID id, String name, Map<String, String> variables) {
            return metrics;
        }
    };

    private static final BatchStatistics NOTHING_DONE = new BatchStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0);

    /** A text that waits for its answer. */
    record Question(String text, boolean urgent, CompletableFuture<Outcome> answer) {}

    private static final BlockingQueue<Question> QUESTIONS = new LinkedBlockingQueue<>();
    private static final AtomicInteger LEASES = new AtomicInteger();

    private QuarantineSettings quarantine = QuarantineSettings.OFF;
    private long capacityBytes = 1_000_000;

    private static LeasedClassifier controlled() {
        LEASES.incrementAndGet();
        return new LeasedClassifier(
                (document, urgent) -> {
                    CompletableFuture<Outcome> answer = new CompletableFuture<>();
                    QUESTIONS.add(new Question(document.getText(), urgent, answer));
                    return answer;
                },
                BUNDLE,
                Duration.ZERO,
                () -> NOTHING_DONE,
                LEASES::decrementAndGet);
    }

    @AfterEach
    void nothingIsLeftOpen() {
        QUESTIONS.clear();
        assertThat(LEASES).hasValue(0);
    }

    private static Question nextQuestion() throws InterruptedException {
        Question question = QUESTIONS.poll(30, TimeUnit.SECONDS);
        assertThat(question).as("a text for the classifier").isNotNull();
        return question;
    }

    private OneInputStreamOperatorTestHarness<SourceRecord, Either<LabelledDocument, DeadLetter>> harness(
            int capacity, OutputMode mode, boolean objectReuse) throws Exception {
        TypeSerializer<SourceRecord> serializer =
                TypeInformation.of(SourceRecord.class).createSerializer(withoutGenericTypes());
        var harness = new OneInputStreamOperatorTestHarness<>(
                new BoundedAsyncOperatorFactory(
                        new ClassifyFunction(DocumentFormat.avro(), task -> controlled(), "priority", quarantine),
                        capacity,
                        capacityBytes,
                        mode),
                serializer,
                new MockEnvironmentBuilder().setMetricGroup(taskMetrics).build());
        if (objectReuse) {
            harness.getExecutionConfig().enableObjectReuse();
        }
        harness.setup(
                new EitherTypeInfo<>(new AvroTypeInfo<>(LabelledDocument.class), new AvroTypeInfo<>(DeadLetter.class))
                        .createSerializer(withoutGenericTypes()));
        return harness;
    }

    private static SerializerConfig withoutGenericTypes() {
        ExecutionConfig config = new ExecutionConfig();
        config.configure(
                org.apache.flink.configuration.Configuration.fromMap(Map.of("pipeline.generic-types", "false")),
                ClassifyFunctionTest.class.getClassLoader());
        return config.getSerializerConfig();
    }

    private static SourceRecord record(long offset, String text) {
        return record(offset, Sent.encoded("d" + offset, text));
    }

    private static SourceRecord noDocument(long offset) {
        return record(offset, NO_DOCUMENT.clone());
    }

    private static SourceRecord record(long offset, byte[] value) {
        return new SourceRecord(
                "documents",
                3,
                offset,
                1_000 + offset,
                new byte[] {1, 2},
                List.of(new RecordHeader("h", new byte[] {3}), new RecordHeader("h", null)),
                value);
    }

    private static Classification classification(float score) {
        return new Classification(
                List.of(new LabelScore("good", score, score > 0.5f, List.of(new Evidence(0, 4, 0, score)))),
                Coverage.COMPLETE,
                2,
                2,
                1,
                1,
                new Timings(10, 20, 30));
    }

    @SuppressWarnings("unchecked")
    private static List<Either<LabelledDocument, DeadLetter>> outputs(
            OneInputStreamOperatorTestHarness<SourceRecord, Either<LabelledDocument, DeadLetter>> harness) {
        List<Either<LabelledDocument, DeadLetter>> events = new ArrayList<>();
        for (Object output : harness.getOutput()) {
            events.add(((StreamRecord<Either<LabelledDocument, DeadLetter>>) output).getValue());
        }
        return events;
    }

    private static List<Long> offsets(
            OneInputStreamOperatorTestHarness<SourceRecord, Either<LabelledDocument, DeadLetter>> harness) {
        return outputs(harness).stream()
                .map(event -> event.isLeft()
                        ? event.left().getProvenance().getOffset()
                        : event.right().getProvenance().getOffset())
                .toList();
    }

    @Test
    void aClassificationBecomesALabelledDocument() throws Exception {
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(7, "text"), 1_007);
            nextQuestion().answer().complete(classification(0.75f));
            harness.endInput();

            LabelledDocument event = outputs(harness).get(0).left();
            assertThat(event.getDocumentId()).isEqualTo("d7");
            assertThat(event.getProvenance().getTopic()).isEqualTo("documents");
            assertThat(event.getProvenance().getPartition()).isEqualTo(3);
            assertThat(event.getProvenance().getOffset()).isEqualTo(7);
            assertThat(event.getProvenance().getTimestamp()).hasToString("1970-01-01T00:00:01.007Z");
            assertThat(event.getProvenance().getKey()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
            assertThat(event.getLabels()).singleElement().satisfies(label -> {
                assertThat(label.getName()).isEqualTo("good");
                assertThat(label.getScore()).isEqualTo(0.75f);
                assertThat(label.getAboveThreshold()).isTrue();
                assertThat(label.getEvidence()).singleElement().satisfies(evidence -> assertThat(evidence.getEnd())
                        .isEqualTo(4));
            });
            assertThat(event.getModel().getDigest()).isEqualTo(BUNDLE.digest());
            assertThat(event.getTimings().getQueueMicros()).isEqualTo(20);
        }
    }

    @Test
    void aRecordWithThePriorityHeaderIsUrgent() throws Exception {
        try (var harness = harness(4, OutputMode.UNORDERED, false)) {
            harness.open();
            for (String value : List.of("high", "low")) {
                RecordHeader header = new RecordHeader("priority", value.getBytes(StandardCharsets.UTF_8));
                SourceRecord plain = record(7, value);
                harness.processElement(
                        new SourceRecord(
                                plain.topic(),
                                plain.partition(),
                                plain.offset(),
                                plain.timestamp(),
                                null,
                                List.of(new RecordHeader("priority", null), header),
                                plain.value()),
                        1_007);
                Question question = nextQuestion();
                assertThat(question.urgent()).isEqualTo(value.equals("high"));
                question.answer().complete(classification(0.75f));
            }
            harness.processElement(record(8, "without"), 1_008);
            Question without = nextQuestion();
            assertThat(without.urgent()).isFalse();
            without.answer().complete(classification(0.75f));
            harness.endInput();
        }
    }

    @Test
    void atAnyMomentReceivedIsLabelledPlusRejectedPlusInFlight() throws Exception {
        try (var harness = harness(10, OutputMode.ORDERED, false)) {
            harness.open();
            List<Question> questions = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                harness.processElement(record(i, "text"), i);
                questions.add(nextQuestion());
            }
            harness.processElement(noDocument(6), 6);
            assertCounts(7, 0, 1, 6);
            questions.get(5).answer().complete(classification(0.75f)); // held back until the others are there
            questions.get(4).answer().complete(new Rejection(Rejection.Reason.NO_TOKENS, "None."));
            assertCounts(7, 1, 2, 4);
            questions.subList(0, 4).forEach(question -> question.answer().complete(classification(0.25f)));
            harness.endInput();
            assertCounts(7, 5, 2, 0);
        }
    }

    private void assertCounts(long received, long labelled, long rejected, long inFlight) {
        assertThat(((Counter) metrics.get("received")).getCount()).isEqualTo(received);
        assertThat(((Counter) metrics.get("labelled")).getCount()).isEqualTo(labelled);
        assertThat(((Counter) metrics.get("rejected")).getCount()).isEqualTo(rejected);
        assertThat(((Gauge<?>) metrics.get("inFlight")).getValue()).isEqualTo(inFlight);
    }

    @Test
    void aRejectionBecomesADeadLetterWithAllThatCame() throws Exception {
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(7, ""), 1_007);
            nextQuestion().answer().complete(new Rejection(Rejection.Reason.TOO_MANY_SEGMENTS, "Too long."));
            harness.endInput();

            DeadLetter event = outputs(harness).get(0).right();
            assertThat(event.getStage()).isEqualTo(Stage.SEGMENT);
            assertThat(event.getReason()).isEqualTo(Reason.TOO_MANY_SEGMENTS);
            assertThat(event.getMessage()).isEqualTo("Too long.");
            assertThat(event.getDocumentId()).isEqualTo("d7");
            assertThat(event.getValue()).isEqualTo(ByteBuffer.wrap(Sent.encoded("d7", "")));
            assertThat(event.getKey()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
            assertThat(event.getHeaders()).hasSize(2);
            assertThat(event.getHeaders().get(1).getValue()).isNull();
        }
    }

    @Test
    void theLogOfAResultThatIsDroppedSaysNothingOfTheDocument() throws Exception {
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(7, ""), 1_007);
            nextQuestion().answer().complete(new Rejection(Rejection.Reason.TOO_MANY_SEGMENTS, "Too long."));
            Mail result = harness.getTaskMailbox().take(0);
            assertThat(result).hasToString("Result in AsyncWaitOperator of input [an event]");

            result.run();
            harness.endInput();
            assertThat(outputs(harness)).hasSize(1);
        }
    }

    @Test
    void whatIsNoDocumentPassesInItsPlaceWithoutAskingTheClassifier() throws Exception {
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(1, "text"), 1);
            harness.processElement(noDocument(2), 2);
            Question only = nextQuestion();
            assertThat(QUESTIONS).isEmpty();
            assertThat(harness.getOutput()).isEmpty();
            only.answer().complete(classification(0.1f));
            harness.endInput();

            assertThat(offsets(harness)).containsExactly(1L, 2L);
            assertThat(outputs(harness).get(1).right().getStage()).isEqualTo(Stage.DECODE);
        }
    }

    @Test
    void orderedEventsWaitForTheirPredecessors() throws Exception {
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(1, "a"), 1);
            harness.processElement(record(2, "b"), 2);
            Question first = nextQuestion();
            nextQuestion().answer().complete(classification(0.1f));
            first.answer().complete(classification(0.1f));
            harness.endInput();

            assertThat(offsets(harness)).containsExactly(1L, 2L);
        }
    }

    @Test
    void unorderedEventsDoNot() throws Exception {
        try (var harness = harness(4, OutputMode.UNORDERED, false)) {
            harness.open();
            harness.processElement(record(1, "a"), 1);
            harness.processElement(record(2, "b"), 2);
            Question first = nextQuestion();
            nextQuestion().answer().complete(classification(0.1f));
            harness.getTaskMailbox().take(0).run();
            assertThat(offsets(harness)).containsExactly(2L);

            first.answer().complete(classification(0.1f));
            harness.endInput();
            assertThat(offsets(harness)).containsExactly(2L, 1L);
        }
    }

    @Test
    void aFullOperatorTakesNoMoreUntilOneIsAnswered() throws Exception {
        try (var harness = harness(2, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(1, "a"), 1);
            harness.processElement(record(2, "b"), 2);
            Question first = nextQuestion();
            Question second = nextQuestion();
            Thread task = Thread.currentThread();
            CompletableFuture<Integer> askedWhileFull = CompletableFuture.supplyAsync(() -> {
                // The task's thread waits in processElement, or else below for this, having taken the third.
                while (task.getState() != Thread.State.WAITING && task.getState() != Thread.State.TIMED_WAITING) {
                    Thread.onSpinWait();
                }
                int asked = QUESTIONS.size();
                first.answer().complete(classification(0.1f));
                return asked;
            });
            harness.processElement(record(3, "c"), 3);
            assertThat(askedWhileFull.join()).isZero();

            second.answer().complete(classification(0.1f));
            nextQuestion().answer().complete(classification(0.1f));
            harness.endInput();
            assertThat(offsets(harness)).containsExactly(1L, 2L, 3L);
        }
    }

    @Test
    void whatIsInFlightIsPartOfTheSnapshotAndIsAskedAgainAfterARestore() throws Exception {
        OperatorSubtaskState snapshot;
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(1, "a"), 1);
            harness.processElement(noDocument(2), 2);
            harness.processElement(record(3, "c"), 3);
            snapshot = harness.snapshot(1, 1);
            assertThat(harness.getOutput()).isEmpty();
        }
        // Nobody has answered.
        QUESTIONS.clear();
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.initializeState(snapshot);
            harness.open();
            Question first = nextQuestion();
            Question third = nextQuestion();
            assertThat(List.of(first.text(), third.text())).containsExactly("a", "c");
            first.answer().complete(classification(0.1f));
            third.answer().complete(classification(0.2f));
            harness.endInput();

            assertThat(offsets(harness)).containsExactly(1L, 2L, 3L);
            DeadLetter restored = outputs(harness).get(1).right();
            assertThat(restored.getHeaders()).hasSize(2);
            assertThat(restored.getValue()).isEqualTo(ByteBuffer.wrap(NO_DOCUMENT));
        }
    }

    @Test
    void theEndOfInputWaitsForAllAnswers() throws Exception {
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(1, "a"), 1);
            harness.processElement(record(2, "b"), 2);
            Question first = nextQuestion();
            Question second = nextQuestion();
            CompletableFuture<Void> answers = CompletableFuture.runAsync(() -> {
                second.answer().complete(classification(0.1f));
                first.answer().complete(classification(0.1f));
            });
            harness.endInput();
            answers.join();

            assertThat(offsets(harness)).containsExactly(1L, 2L);
        }
    }

    @Test
    void aBufferedRecordSurvivesTheReuseOfItsBytes() throws Exception {
        OperatorSubtaskState snapshot;
        SourceRecord reused = record(1, "a");
        byte[] whole = Sent.encoded("d1", "a");
        try (var harness = harness(4, OutputMode.ORDERED, true)) {
            harness.open();
            harness.processElement(reused, 1);
            byte[] value = reused.value();
            assertThat(value).isNotNull();
            value[0] = 99;
            snapshot = harness.snapshot(1, 1);
            nextQuestion().answer().complete(new Rejection(Rejection.Reason.NO_TOKENS, "None."));
            harness.endInput();
            assertThat(outputs(harness).get(0).right().getValue()).isEqualTo(ByteBuffer.wrap(whole));
        }
        try (var harness = harness(4, OutputMode.ORDERED, true)) {
            harness.initializeState(snapshot);
            harness.open();
            nextQuestion().answer().complete(new Rejection(Rejection.Reason.NO_TOKENS, "None."));
            harness.endInput();
            assertThat(outputs(harness).get(0).right().getValue()).isEqualTo(ByteBuffer.wrap(whole));
        }
    }

    /** The second leaves before the first is answered in unordered mode; in ordered mode it stays, and with it the bytes of its record. */
    @Test
    void whatIsInFlightIsBoundedInBytesUntilItsEventHasLeft() throws Exception {
        capacityBytes = record(1, "a").bytes() * 5 / 2;
        for (OutputMode mode : OutputMode.values()) {
            try (var harness = harness(100, mode, false)) {
                harness.open();
                harness.processElement(record(1, "a"), 1);
                harness.processElement(record(2, "b"), 2);
                assertThat(((Gauge<?>) metrics.get("inFlightBytes")).getValue())
                        .isEqualTo(2 * record(1, "a").bytes());
                Question first = nextQuestion();
                Question second = nextQuestion();
                second.answer().complete(classification(0.1f));
                Thread task = Thread.currentThread();
                CompletableFuture<Integer> askedMeanwhile = CompletableFuture.supplyAsync(() -> {
                    while (task.getState() != Thread.State.WAITING && task.getState() != Thread.State.TIMED_WAITING) {
                        Thread.onSpinWait();
                    }
                    int asked = QUESTIONS.size();
                    first.answer().complete(classification(0.1f));
                    return asked;
                });
                harness.processElement(record(3, "c"), 3);
                int asked = askedMeanwhile.join();
                assertThat(asked).isEqualTo(mode == OutputMode.ORDERED ? 0 : 1);
                nextQuestion().answer().complete(classification(0.1f));
                harness.endInput();
                assertThat(offsets(harness)).containsExactlyInAnyOrder(1L, 2L, 3L);
                assertThat(((Gauge<?>) metrics.get("inFlightBytes")).getValue()).isEqualTo(0L);
            }
        }
    }

    @Test
    void aRecordLargerThanTheBoundIsHeldAlone() throws Exception {
        capacityBytes = 10;
        try (var harness = harness(100, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(1, "a"), 1);
            nextQuestion().answer().complete(classification(0.1f));
            harness.processElement(record(2, "b"), 2);
            nextQuestion().answer().complete(classification(0.1f));
            harness.endInput();
            assertThat(offsets(harness)).containsExactly(1L, 2L);
        }
    }

    @Test
    void theMachinesFaultFailsTheTask() throws Exception {
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.getEnvironment().setExpectedExternalFailureCause(Throwable.class);
            harness.open();
            harness.processElement(record(1, "a"), 1);
            nextQuestion().answer().completeExceptionally(new IllegalStateException("the device is lost"));

            assertThat(harness.getEnvironment().getActualExternalFailureCause())
                    .hasValueSatisfying(cause -> assertThat(cause).hasStackTraceContaining("the device is lost"));
            assertThat(harness.getOutput()).isEmpty();
        }
    }

    /** Otherwise the model would work on it ahead of the next attempt's. */
    @Test
    void whatWasAskedIsGivenUpWhenTheTaskEnds(@TempDir Path folder) throws Exception {
        quarantine = new QuarantineSettings(2, folder.toUri().toString());
        Files.createFile(folder.resolve(Events.id(record(8, "a")) + "~1"));
        Question free;
        Question careful;
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(7, "a"), 1);
            free = nextQuestion();
            harness.processElement(record(8, "a"), 2);
            careful = nextQuestion();
            assertThat(folder.toFile().list()).hasSize(2);
        }
        assertThat(free.answer()).isCancelled();
        assertThat(careful.answer()).isCancelled();
        // The attempt of an earlier process stays; this one is none.
        assertThat(folder.toFile().list()).hasSize(1);
    }

    @Test
    void aDocumentThatBroughtItsTaskDownTooOftenIsNotShownToTheModel(@TempDir Path folder) throws Exception {
        quarantine = new QuarantineSettings(2, folder.toUri().toString());
        Files.createFile(folder.resolve(Events.id(record(7, "a")) + "~1"));
        Files.createFile(folder.resolve(Events.id(record(7, "a")) + "~2"));
        Files.createFile(folder.resolve(Events.id(record(8, "a")) + "~1"));
        try (var harness = harness(4, OutputMode.ORDERED, false)) {
            harness.open();
            harness.processElement(record(7, "a"), 1);
            harness.processElement(record(8, "a"), 2);
            nextQuestion().answer().complete(classification(0.75f));
            harness.endInput();

            DeadLetter event = outputs(harness).get(0).right();
            assertThat(event.getReason()).isEqualTo(Reason.QUARANTINED);
            assertThat(event.getStage()).isEqualTo(Stage.INFERENCE);
            assertThat(event.getValue()).isEqualTo(ByteBuffer.wrap(Sent.encoded("d7", "a")));
            assertThat(outputs(harness).get(1).isLeft()).isTrue();
        }
    }

    @Test
    void theIdOfAnEventIsTheSameOnReplayAndAnotherForEveryRecord() {
        assertThat(Events.id(record(1, "a")))
                .isEqualTo(Events.id(record(1, "b")))
                .isNotEqualTo(Events.id(record(2, "a")))
                .isEqualTo("5194a5e6-5dff-3d04-b2af-86e5fffac30e");
    }
}
