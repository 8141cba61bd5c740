package io.hatflow.job.classify;

import static org.assertj.core.api.Assertions.assertThat;

import io.hatflow.events.Answer;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.ModelInfo;
import io.hatflow.events.Reason;
import io.hatflow.events.Stage;
import io.hatflow.flink.operator.Reading;
import io.hatflow.inference.Classification;
import io.hatflow.inference.Classification.Coverage;
import io.hatflow.inference.Classification.Timings;
import io.hatflow.inference.Rejection;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.Manifest.Task;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.task.ProblemType;
import io.hatflow.job.JobSettings;
import io.hatflow.job.Sent;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.source.RecordHeader;
import io.hatflow.job.source.SourceRecord;
import io.hatflow.job.trace.TracedDocument;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.flink.types.Either;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is read from records, and which events answer them. */
class RecordClassificationTest {

    private static final BundleInfo BUNDLE = new BundleInfo(
            "tiny",
            "1",
            "ab".repeat(32),
            Task.DOCUMENT_CLASSIFICATION,
            ProblemType.MULTI_LABEL,
            "fp32",
            List.of("good"));

    private final RecordClassification function = new RecordClassification(DocumentFormat.hatflow(), "priority");

    @BeforeEach
    void open() {
        function.open();
    }

    private static SourceRecord record(long offset, byte[] value, RecordHeader... headers) {
        return new SourceRecord("documents", 3, offset, 1_000 + offset, new byte[] {1, 2}, List.of(headers), value);
    }

    private Reading.Text<Either<TracedDocument, DeadLetter>> text(SourceRecord record) {
        return (Reading.Text<Either<TracedDocument, DeadLetter>>) function.read(record);
    }

    @Test
    void aClassificationBecomesALabelledDocument() {
        RecordHeader traceparent = new RecordHeader(
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".getBytes(StandardCharsets.UTF_8));
        Classification classification = new Classification(
                List.of(new LabelScore("good", 0.75f, true, List.of(new Evidence(0, 4, 0, 0.75f)))),
                Coverage.COMPLETE,
                2,
                2,
                1,
                1,
                new Timings(10, 20, 30));
        Reading.Text<Either<TracedDocument, DeadLetter>> read =
                text(record(7, Sent.encoded("d7", "text"), traceparent));
        assertThat(read.text().whole()).isEqualTo("text");

        TracedDocument traced = read.result().of(classification, BUNDLE).left();

        assertThat(traced.trace().traceparent()).isEqualTo(traceparent.value());
        LabelledDocument event = traced.event();

        assertThat(event.getEventId()).isEqualTo(read.id());
        assertThat(event.getDocumentId()).isEqualTo("d7");
        assertThat(event.getProvenance().getTopic()).isEqualTo("documents");
        assertThat(event.getProvenance().getPartition()).isEqualTo(3);
        assertThat(event.getProvenance().getOffset()).isEqualTo(7);
        assertThat(event.getProvenance().getTimestamp()).hasToString("1970-01-01T00:00:01.007Z");
        assertThat(event.getProvenance().getKey()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
        assertThat(event.getAnswers()).hasSize(1);
        Answer answer = event.getAnswers().get(0);
        assertThat(answer.getLabels()).singleElement().satisfies(label -> {
            assertThat(label.getName()).isEqualTo("good");
            assertThat(label.getScore()).isEqualTo(0.75f);
            assertThat(label.getAboveThreshold()).isTrue();
            assertThat(label.getEvidence()).singleElement().satisfies(evidence -> assertThat(evidence.getEnd())
                    .isEqualTo(4));
        });
        assertThat(answer.getModel().getDigest()).isEqualTo(BUNDLE.digest());
        assertThat(answer.getTimings().getQueueMicros()).isEqualTo(20);
    }

    /** With every reason that the model's side can give. */
    @ParameterizedTest
    @EnumSource
    void aRejectionBecomesADeadLetterWithAllThatCame(Rejection.Reason reason) {
        byte[] value = Sent.encoded("d7", "");
        SourceRecord record = record(7, value, new RecordHeader("h", new byte[] {3}), new RecordHeader("h", null));

        DeadLetter event = text(record)
                .result()
                .of(new Rejection(reason, "Because."), BUNDLE)
                .right();

        assertThat(event.getStage().name()).isEqualTo(reason.stage().name());
        assertThat(event.getReason().name()).isEqualTo(reason.name());
        assertThat(event.getMessage()).isEqualTo("Because.");
        assertThat(event.getDocumentId()).isEqualTo("d7");
        assertThat(event.getModel()).isEqualTo(new ModelInfo(BUNDLE.name(), BUNDLE.version(), BUNDLE.digest()));
        assertThat(event.getValue()).isEqualTo(ByteBuffer.wrap(value));
        assertThat(event.getKey()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
        assertThat(event.getHeaders()).hasSize(2);
        assertThat(event.getHeaders().get(1).getValue()).isNull();
    }

    @Test
    void whatIsNoDocumentIsADeadLetterAtOnce() {
        var read = (Reading.Unreadable<Either<TracedDocument, DeadLetter>>) function.read(record(7, new byte[] {4, 5}));

        assertThat(read.reason()).isEqualTo(Reason.NOT_AVRO.name());
        assertThat(read.result().right().getStage()).isEqualTo(Stage.DECODE);
        assertThat(read.result().right().getModel()).isNull();
        assertThat(read.result().right().getValue()).isEqualTo(ByteBuffer.wrap(new byte[] {4, 5}));
        assertThat(function.reasons())
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Reason.values()).map(Enum::name).toList());
    }

    @Test
    void aRecordWithThePriorityHeaderIsUrgent() {
        byte[] value = Sent.encoded("d", "text");
        RecordHeader empty = new RecordHeader("priority", null);
        for (String priority : List.of("high", "low")) {
            RecordHeader header = new RecordHeader("priority", priority.getBytes(StandardCharsets.UTF_8));
            assertThat(text(record(7, value, empty, header)).urgent()).isEqualTo(priority.equals("high"));
        }
        assertThat(text(record(7, value)).urgent()).isFalse();
    }

    @Test
    void aRecordWhoseFieldSaysSoIsUrgentToo() {
        JobSettings settings = JobSettings.read(
                new String[] {
                    "--kafka.bootstrap-servers=b:1",
                    "--model.bundle=/b",
                    "--document.format=json",
                    "--document.text=text",
                    "--document.priority=urgency",
                    "--classify.order=unordered"
                },
                Map.of());
        RecordClassification json = new RecordClassification(DocumentFormat.of(settings.format(), null), "priority");
        json.open();
        RecordHeader header = new RecordHeader("priority", "high".getBytes(StandardCharsets.UTF_8));
        byte[] urgent = "{\"text\": \"x\", \"urgency\": \"high\"}".getBytes(StandardCharsets.UTF_8);
        byte[] other = "{\"text\": \"x\", \"urgency\": null}".getBytes(StandardCharsets.UTF_8);

        assertThat(((Reading.Text<?>) json.read(record(7, urgent))).urgent()).isTrue();
        assertThat(((Reading.Text<?>) json.read(record(7, other, header))).urgent())
                .isTrue();
        assertThat(((Reading.Text<?>) json.read(record(7, other))).urgent()).isFalse();
    }

    @Test
    void theIdOfAnEventIsTheSameOnReplayAndAnotherForEveryRecord() {
        assertThat(Events.id(record(1, Sent.encoded("d1", "a"))))
                .isEqualTo(Events.id(record(1, Sent.encoded("d2", "b"))))
                .isNotEqualTo(Events.id(record(2, Sent.encoded("d1", "a"))))
                .isEqualTo("5194a5e6-5dff-3d04-b2af-86e5fffac30e");
    }
}
