package io.hatflow.flink.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.flink.operator.OperatorSettings.Order;
import io.hatflow.flink.pool.PooledClassifier;
import io.hatflow.flink.pool.TextInput;
import io.hatflow.flink.quarantine.QuarantineSettings;
import io.hatflow.inference.Classification;
import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.Rejection;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.task.ProblemType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.metrics.groups.InternalOperatorMetricGroup;
import org.apache.flink.runtime.metrics.groups.TaskMetricGroup;
import org.apache.flink.runtime.metrics.util.InterceptingOperatorMetricGroup;
import org.apache.flink.runtime.metrics.util.InterceptingTaskMetricGroup;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.mailbox.Mail;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.util.ExceptionUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The function inside Flink's own async operator, over a classifier whose answers the test gives. */
@Timeout(60)
@SuppressWarnings("try") // the harness may throw InterruptedException when it closes
class AsyncClassificationTest {

    private static final BundleInfo BUNDLE = new BundleInfo(
            "tiny",
            "1",
            "ab".repeat(32),
            Task.DOCUMENT_CLASSIFICATION,
            ProblemType.MULTI_LABEL,
            "fp32",
            List.of("good"));
    private static final BatchStatistics NOTHING_DONE = new BatchStatistics(
            0, 0, 0, Collections.nCopies(BatchStatistics.ROW_BOUNDS.size() + 1, 0L), 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0);

    private final InterceptingOperatorMetricGroup metrics = new InterceptingOperatorMetricGroup();
    private final TaskMetricGroup taskMetrics = new InterceptingTaskMetricGroup() {
        @Override
        public InternalOperatorMetricGroup getOrAddOperator(OperatorID id, String name, Map<String, String> variables) {
            return metrics;
        }
    };

    /** An element of somebody's stream; without bytes there is no text in it. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Letter(int number, byte[] bytes) {

        static Letter of(int number, String text) {
            return new Letter(number, text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Letters that begin with an exclamation mark are urgent. A result is the letter, and what became of it. */
    private static final class Letters implements ClassificationFunction<Letter, String> {

        private static final long serialVersionUID = 1L;

        @Override
        public Reading<String> read(Letter letter) {
            if (letter.bytes().length == 0) {
                return new Reading.Unreadable<>("BLANK_PAPER", letter.number() + " is blank");
            }
            String text = new String(letter.bytes(), StandardCharsets.UTF_8);
            return new Reading.Text<>(
                    "letter-" + letter.number(),
                    TextInput.of(text),
                    text.startsWith("!"),
                    (outcome, model) -> letter.number() + " " + text + ": " + said(outcome));
        }

        private static String said(Outcome outcome) {
            return outcome instanceof Classification classification
                    ? String.valueOf(classification.labels().get(0).score())
                    : ((Rejection) outcome).reason().name();
        }

        @Override
        public long bytes(Letter letter) {
            WEIGHED.incrementAndGet();
            return letter.bytes().length;
        }

        /** Odd and even numbers have a key each. */
        @Override
        public Object key(Letter letter) {
            return letter.number() % 2;
        }

        @Override
        public long position(Letter letter) {
            return letter.number();
        }

        @Override
        public Set<String> reasons() {
            return Set.of("BLANK_PAPER");
        }
    }

    /** A text that waits for its answer. */
    record Question(String text, boolean urgent, CompletableFuture<Outcome> answer) {}

    private static final BlockingQueue<Question> QUESTIONS = new LinkedBlockingQueue<>();
    private static final AtomicInteger LEASES = new AtomicInteger();
    private static final AtomicInteger WEIGHED = new AtomicInteger();

    private QuarantineSettings quarantine = QuarantineSettings.OFF;
    private long capacityBytes = 1_000_000;
    private int cachedAnswers;

    /** A text is being tokenized until the test says so, if it begins with a question mark. */
    private static volatile CountDownLatch tokenized = new CountDownLatch(0);

    private static PooledClassifier controlled() {
        LEASES.incrementAndGet();
        return new PooledClassifier(
                (text, urgent) -> {
                    if (text.whole().startsWith("?")) {
                        await(tokenized);
                    }
                    CompletableFuture<Outcome> answer = new CompletableFuture<>();
                    QUESTIONS.add(new Question(text.whole(), urgent, answer));
                    return answer;
                },
                BUNDLE,
                Device.CPU,
                Duration.ZERO,
                () -> NOTHING_DONE,
                LEASES::decrementAndGet);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aShortTextDoesNotWaitUntilALongOneIsTokenized() throws Exception {
        tokenized = new CountDownLatch(1);
        String filing = "?" + "x".repeat(LongTexts.LONG);
        try (var harness = harness(4, Order.UNORDERED)) {
            harness.open();
            harness.processElement(Letter.of(1, filing), 1);
            harness.processElement(Letter.of(2, "short"), 2);
            Question first = nextQuestion();
            assertThat(first.text()).isEqualTo("short");
            tokenized.countDown();
            Question second = nextQuestion();
            assertThat(second.text()).isEqualTo(filing);
            first.answer().complete(score(0.25f));
            second.answer().complete(score(0.75f));
            harness.endInput();
            assertThat(harness.extractOutputValues())
                    .containsExactlyInAnyOrder("1 " + filing + ": 0.75", "2 short: 0.25");
        }
    }

    @Test
    void aLongTextThatIsGivenUpIsTakenBackFromTheModel() throws Exception {
        Question question;
        try (var harness = harness(4, Order.UNORDERED)) {
            harness.open();
            harness.processElement(Letter.of(1, "x".repeat(LongTexts.LONG)), 1);
            question = nextQuestion();
        }
        assertThat(question.answer()).isCancelled();
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

    private OneInputStreamOperatorTestHarness<Letter, String> harness(int capacity, Order order) throws Exception {
        return harness(capacity, order, false);
    }

    private OneInputStreamOperatorTestHarness<Letter, String> harness(int capacity, Order order, boolean objectReuse)
            throws Exception {
        var harness = new OneInputStreamOperatorTestHarness<>(
                new BoundedAsyncOperatorFactory<>(
                        new Letters(),
                        task -> controlled(),
                        new OperatorSettings(order, capacity, capacityBytes, cachedAnswers, quarantine)),
                TypeInformation.of(Letter.class).createSerializer(withoutGenericTypes()),
                new MockEnvironmentBuilder().setMetricGroup(taskMetrics).build());
        if (objectReuse) {
            harness.getExecutionConfig().enableObjectReuse();
        }
        harness.setup(Types.STRING.createSerializer(withoutGenericTypes()));
        return harness;
    }

    private static SerializerConfig withoutGenericTypes() {
        ExecutionConfig config = new ExecutionConfig();
        config.configure(
                Configuration.fromMap(Map.of("pipeline.generic-types", "false")),
                AsyncClassificationTest.class.getClassLoader());
        return config.getSerializerConfig();
    }

    private static Classification score(float score) {
        return new Classification(
                List.of(new LabelScore("good", score, score > 0.5f, List.of())),
                Coverage.COMPLETE,
                2,
                2,
                1,
                1,
                new Timings(10, 20, 30));
    }

    private static void answer(Question... questions) {
        for (Question question : questions) {
            question.answer().complete(score(0.5f));
        }
    }

    @SuppressWarnings("unchecked")
    private static List<String> results(OneInputStreamOperatorTestHarness<Letter, String> harness) {
        return harness.getOutput().stream()
                .map(output -> ((StreamRecord<String>) output).getValue())
                .toList();
    }

    /** With text {@code a} for the first, {@code b} for the second, and so on. */
    private static List<Question> ask(OneInputStreamOperatorTestHarness<Letter, String> harness, int... numbers)
            throws Exception {
        List<Question> questions = new ArrayList<>();
        for (int number : numbers) {
            harness.processElement(Letter.of(number, "a"), number);
            questions.add(nextQuestion());
        }
        return questions;
    }

    @Test
    void whatTheModelSaysBecomesAResult() throws Exception {
        try (var harness = harness(4, Order.ORDERED)) {
            harness.open();
            harness.processElement(Letter.of(1, "a"), 7);
            nextQuestion().answer().complete(score(0.75f));
            harness.processElement(Letter.of(2, "b"), 8);
            nextQuestion().answer().complete(new Rejection(Rejection.Reason.TOO_MANY_SEGMENTS, "Too long."));
            harness.endInput();

            assertThat(results(harness)).containsExactly("1 a: 0.75", "2 b: TOO_MANY_SEGMENTS");
            assertThat(harness.getOutput()).first().isEqualTo(new StreamRecord<>("1 a: 0.75", 7));
        }
    }

    /** To find out may mean to read the whole text. */
    @Test
    void theSizeOfAnElementIsAskedOnce() throws Exception {
        try (var harness = harness(4, Order.ORDERED)) {
            harness.open();
            WEIGHED.set(0);
            answer(ask(harness, 1).get(0));
            harness.endInput();
            assertThat(WEIGHED).hasValue(1);
        }
    }

    @Test
    void theFunctionSaysWhatIsUrgent() throws Exception {
        try (var harness = harness(4, Order.UNORDERED)) {
            harness.open();
            harness.processElement(Letter.of(1, "! now"), 1);
            Question first = nextQuestion();
            assertThat(first.urgent()).isTrue();
            Question second = ask(harness, 2).get(0);
            assertThat(second.urgent()).isFalse();
            answer(first, second);
            harness.endInput();
        }
    }

    @Test
    void atAnyMomentReceivedIsLabelledPlusRejectedPlusInFlight() throws Exception {
        try (var harness = harness(10, Order.ORDERED)) {
            harness.open();
            List<Question> questions = ask(harness, 0, 1, 2, 3, 4, 5);
            harness.processElement(Letter.of(6, ""), 6);
            assertCounts(7, 0, 1, 6);
            answer(questions.get(5)); // held back until the others are there
            questions.get(4).answer().complete(new Rejection(Rejection.Reason.NO_TOKENS, "None."));
            assertCounts(7, 1, 2, 4);
            questions.subList(0, 4).forEach(AsyncClassificationTest::answer);
            harness.endInput();
            assertCounts(7, 5, 2, 0);
        }
    }

    private void assertCounts(long received, long labelled, long rejected, long inFlight) {
        assertThat(((Counter) metrics.get("received")).getCount()).isEqualTo(received);
        assertThat(((Counter) metrics.get("labelled")).getCount()).isEqualTo(labelled);
        assertThat(((Counter) metrics.get("rejected")).getCount()).isEqualTo(rejected);
        assertThat(gauge("inFlight")).isEqualTo(inFlight);
    }

    private Object gauge(String name) {
        return ((Gauge<?>) metrics.get(name)).getValue();
    }

    @Test
    void theLogOfAResultThatIsDroppedSaysNothingOfTheText() throws Exception {
        try (var harness = harness(4, Order.ORDERED)) {
            harness.open();
            answer(ask(harness, 1).get(0));
            Mail result = harness.getTaskMailbox().take(0);
            assertThat(result).hasToString("Result in AsyncWaitOperator of input [an event]");

            result.run();
            harness.endInput();
            assertThat(results(harness)).hasSize(1);
        }
    }

    @Test
    void whatCannotBeReadPassesInItsPlaceWithoutAskingTheModel() throws Exception {
        try (var harness = harness(4, Order.ORDERED)) {
            harness.open();
            Question only = ask(harness, 1).get(0);
            harness.processElement(Letter.of(2, ""), 2);
            assertThat(QUESTIONS).isEmpty();
            assertThat(harness.getOutput()).isEmpty();
            answer(only);
            harness.endInput();

            assertThat(results(harness)).containsExactly("1 a: 0.5", "2 is blank");
        }
    }

    @Test
    void orderedResultsWaitForTheirPredecessors() throws Exception {
        try (var harness = harness(4, Order.ORDERED)) {
            harness.open();
            List<Question> questions = ask(harness, 1, 2);
            answer(questions.get(1), questions.get(0));
            harness.endInput();

            assertThat(results(harness)).containsExactly("1 a: 0.5", "2 a: 0.5");
        }
    }

    @Test
    void unorderedResultsDoNot() throws Exception {
        try (var harness = harness(4, Order.UNORDERED)) {
            harness.open();
            List<Question> questions = ask(harness, 1, 2);
            answer(questions.get(1));
            harness.getTaskMailbox().take(0).run();
            assertThat(results(harness)).containsExactly("2 a: 0.5");

            answer(questions.get(0));
            harness.endInput();
            assertThat(results(harness)).containsExactly("2 a: 0.5", "1 a: 0.5");
        }
    }

    /** Once the task's thread waits in processElement, or else for this, having taken what it should not. */
    private static CompletableFuture<Integer> askedUntilAnswered(Question held) {
        Thread task = Thread.currentThread();
        return CompletableFuture.supplyAsync(() -> {
            while (task.getState() != Thread.State.WAITING && task.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            int asked = QUESTIONS.size();
            answer(held);
            return asked;
        });
    }

    @Test
    void aFullOperatorTakesNoMoreUntilOneIsAnswered() throws Exception {
        try (var harness = harness(2, Order.ORDERED)) {
            harness.open();
            List<Question> questions = ask(harness, 1, 2);
            CompletableFuture<Integer> askedWhileFull = askedUntilAnswered(questions.get(0));
            harness.processElement(Letter.of(3, "a"), 3);
            assertThat(askedWhileFull.join()).isZero();

            answer(questions.get(1), nextQuestion());
            harness.endInput();
            assertThat(results(harness)).containsExactly("1 a: 0.5", "2 a: 0.5", "3 a: 0.5");
        }
    }

    /** The second leaves before the first is answered in unordered mode; in ordered mode it stays, and with it its bytes. */
    @ParameterizedTest
    @EnumSource
    void whatIsInFlightIsBoundedInBytesUntilItsResultHasLeft(Order order) throws Exception {
        capacityBytes = 2;
        try (var harness = harness(100, order)) {
            harness.open();
            List<Question> questions = ask(harness, 1, 2);
            assertThat(gauge("inFlightBytes")).isEqualTo(2L);
            answer(questions.get(1));
            CompletableFuture<Integer> asked = askedUntilAnswered(questions.get(0));
            harness.processElement(Letter.of(3, "a"), 3);
            assertThat(asked.join()).isEqualTo(order == Order.ORDERED ? 0 : 1);
            answer(nextQuestion());
            harness.endInput();
            assertThat(results(harness)).containsExactlyInAnyOrder("1 a: 0.5", "2 a: 0.5", "3 a: 0.5");
            assertThat(gauge("inFlightBytes")).isEqualTo(0L);
        }
    }

    @Test
    void anElementLargerThanTheBoundIsHeldAlone() throws Exception {
        capacityBytes = 1;
        try (var harness = harness(100, Order.ORDERED)) {
            harness.open();
            for (int number : new int[] {1, 2}) {
                harness.processElement(Letter.of(number, "longer"), number);
                answer(nextQuestion());
            }
            harness.endInput();
            assertThat(results(harness)).containsExactly("1 longer: 0.5", "2 longer: 0.5");
        }
    }

    @Test
    void whatIsInFlightIsPartOfTheSnapshotAndIsAskedAgainAfterARestore() throws Exception {
        OperatorSubtaskState snapshot;
        try (var harness = harness(4, Order.ORDERED)) {
            harness.open();
            harness.processElement(Letter.of(1, "a"), 1);
            harness.processElement(Letter.of(2, ""), 2);
            harness.processElement(Letter.of(3, "c"), 3);
            snapshot = harness.snapshot(1, 1);
            assertThat(harness.getOutput()).isEmpty();
        }
        QUESTIONS.clear(); // none was answered
        try (var harness = harness(4, Order.ORDERED)) {
            harness.initializeState(snapshot);
            harness.open();
            Question first = nextQuestion();
            Question third = nextQuestion();
            assertThat(List.of(first.text(), third.text())).containsExactly("a", "c");
            answer(first, third);
            harness.endInput();

            assertThat(results(harness)).containsExactly("1 a: 0.5", "2 is blank", "3 c: 0.5");
        }
    }

    @Test
    void theEndOfInputWaitsForAllAnswers() throws Exception {
        try (var harness = harness(4, Order.ORDERED)) {
            harness.open();
            List<Question> questions = ask(harness, 1, 2);
            CompletableFuture<Void> answers =
                    CompletableFuture.runAsync(() -> answer(questions.get(1), questions.get(0)));
            harness.endInput();
            answers.join();

            assertThat(results(harness)).hasSize(2);
        }
    }

    @Test
    void elementsOfOneKeyLeaveInTheirOrderAndOthersPass() throws Exception {
        try (var harness = harness(10, Order.ORDERED_BY_KEY)) {
            harness.open();
            List<Question> questions = ask(harness, 1, 2, 3, 5);
            answer(questions.get(3), questions.get(2), questions.get(1));
            harness.getTaskMailbox().take(0).run();
            assertThat(harness.getTaskMailbox().hasMail()).isFalse();
            assertThat(results(harness)).containsExactly("2 a: 0.5");
            answer(questions.get(0));
            harness.endInput();
            assertThat(results(harness)).containsExactly("2 a: 0.5", "1 a: 0.5", "3 a: 0.5", "5 a: 0.5");
        }
    }

    @Test
    void elementsOfOneKeyKeepTheirOrderAcrossARestore() throws Exception {
        OperatorSubtaskState snapshot;
        try (var harness = harness(100, Order.ORDERED_BY_KEY)) {
            harness.open();
            for (int number = 1; number < 100; number += 2) {
                harness.processElement(Letter.of(number, "text " + number), number);
            }
            snapshot = harness.snapshot(1, 1);
        }
        QUESTIONS.clear();
        try (var harness = harness(100, Order.ORDERED_BY_KEY)) {
            harness.initializeState(snapshot);
            harness.open();
            for (int number = 1; number < 100; number += 2) {
                Question question = nextQuestion();
                assertThat(question.text()).isEqualTo("text " + number);
                answer(question);
            }
            harness.endInput();
            assertThat(results(harness)).hasSize(50).first().isEqualTo("1 text 1: 0.5");
        }
    }

    @Test
    void aTextThatComesAgainIsAnsweredFromTheCache() throws Exception {
        cachedAnswers = 2;
        try (var harness = harness(10, Order.ORDERED)) {
            harness.open();
            harness.processElement(Letter.of(1, "same"), 1);
            nextQuestion().answer().complete(score(0.25f));
            harness.processElement(Letter.of(2, "same"), 2);
            assertThat(QUESTIONS).isEmpty();
            assertThat(((Counter) metrics.get("cached")).getCount()).isEqualTo(1);
            for (String other : List.of("other", "third")) {
                harness.processElement(Letter.of(3, other), 3);
                answer(nextQuestion());
            }
            harness.processElement(Letter.of(4, "same"), 4);
            answer(nextQuestion());
            harness.endInput();
            assertThat(results(harness))
                    .containsExactly("1 same: 0.25", "2 same: 0.25", "3 other: 0.5", "3 third: 0.5", "4 same: 0.5");
        }
    }

    @Test
    void anElementInFlightSurvivesTheReuseOfItsObject() throws Exception {
        OperatorSubtaskState snapshot;
        try (var harness = harness(4, Order.ORDERED, true)) {
            harness.open();
            Letter reused = Letter.of(1, "a");
            harness.processElement(reused, 1);
            reused.bytes()[0] = 'z';
            snapshot = harness.snapshot(1, 1);
            answer(nextQuestion());
            harness.endInput();
            assertThat(results(harness)).containsExactly("1 a: 0.5");
        }
        try (var harness = harness(4, Order.ORDERED, true)) {
            harness.initializeState(snapshot);
            harness.open();
            answer(nextQuestion());
            harness.endInput();
            assertThat(results(harness)).containsExactly("1 a: 0.5");
        }
    }

    @Test
    void theMachinesFaultFailsTheTask() throws Exception {
        try (var harness = harness(4, Order.ORDERED)) {
            harness.getEnvironment().setExpectedExternalFailureCause(Throwable.class);
            harness.open();
            ask(harness, 1).get(0).answer().completeExceptionally(new IllegalStateException("the device is lost"));

            assertThat(harness.getEnvironment().getActualExternalFailureCause()).hasValueSatisfying(cause -> {
                assertThat(cause).hasStackTraceContaining("the device is lost");
                assertThat(ExceptionUtils.stringifyException(cause)).doesNotContain("Letter", "Record");
            });
            assertThat(harness.getOutput()).isEmpty();
        }
    }

    /** A task that has stopped with a savepoint takes no answer any more, a moment before it gives up what it has asked. */
    @Test
    void anAnswerThatATaskNoLongerTakesIsNoFault() throws Exception {
        try (var harness = harness(4, Order.ORDERED)) {
            harness.getEnvironment().setExpectedExternalFailureCause(Throwable.class);
            harness.open();
            Question question = ask(harness, 1).get(0);
            harness.getTaskMailbox().quiesce();

            answer(question);

            assertThat(harness.getEnvironment().getActualExternalFailureCause()).isEmpty();
            assertThat(harness.getOutput()).isEmpty();
        }
    }

    /** Otherwise the model would work on it ahead of the next attempt's. */
    @Test
    void whatWasAskedIsGivenUpWhenTheTaskEnds(@TempDir Path folder) throws Exception {
        quarantine = new QuarantineSettings(2, folder.toUri().toString());
        Files.createFile(folder.resolve("letter-8~1"));
        List<Question> questions;
        try (var harness = harness(4, Order.ORDERED)) {
            harness.open();
            questions = ask(harness, 7, 8);
            assertThat(folder.toFile().list()).hasSize(2);
        }
        assertThat(questions).allMatch(question -> question.answer().isCancelled());
        // The attempt of an earlier process stays; this one is none.
        assertThat(folder.toFile().list()).hasSize(1);
    }

    @Test
    void aTextThatBroughtItsTaskDownTooOftenIsNotShownToTheModel(@TempDir Path folder) throws Exception {
        quarantine = new QuarantineSettings(2, folder.toUri().toString());
        for (String attempt : List.of("letter-7~1", "letter-7~2", "letter-8~1")) {
            Files.createFile(folder.resolve(attempt));
        }
        try (var harness = harness(4, Order.ORDERED)) {
            harness.open();
            harness.processElement(Letter.of(7, "a"), 1);
            answer(ask(harness, 8).get(0));
            harness.endInput();

            assertThat(results(harness)).containsExactly("7 a: QUARANTINED", "8 a: 0.5");
        }
    }
}
