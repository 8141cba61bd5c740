package io.hatflow.job.classify;

import io.hatflow.events.Answer;
import io.hatflow.events.Coverage;
import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.Evidence;
import io.hatflow.events.Header;
import io.hatflow.events.Label;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.ModelInfo;
import io.hatflow.events.Provenance;
import io.hatflow.events.Reason;
import io.hatflow.events.Stage;
import io.hatflow.events.Timings;
import io.hatflow.inference.Classification;
import io.hatflow.inference.Outcome;
import io.hatflow.inference.Rejection;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.job.format.Refusal;
import io.hatflow.job.source.SourceRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.flink.types.Either;
import org.jspecify.annotations.Nullable;

/** What is said about a source record once its outcome is known. */
public final class Events {

    private Events() {}

    /**
     * The id of the one event that answers a source record: a name-based UUID of topic, partition, offset and timestamp. It
     * is the same whenever the record is read again, also by another version of the model or after a rescale, so that
     * consumers of at-least-once output drop repetitions. The timestamp tells apart the records of a topic that was
     * deleted and made anew. Whoever relabels a topic on purpose writes to another output topic, or tells the events
     * apart by the model's digest.
     */
    static String id(SourceRecord record) {
        String name = record.topic() + ":" + record.partition() + ":" + record.offset() + ":" + record.timestamp();
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString();
    }

    /** What an event says of its document; the text is not part of it, so that it need not be kept until then. */
    public record DocumentHead(
            String id,
            @Nullable String title,
            Map<String, String> metadata,
            @Nullable Instant eventTime) {

        /** Of a document that was decoded. */
        public static DocumentHead of(Document document) {
            return new DocumentHead(
                    document.getId(), document.getTitle(), document.getMetadata(), document.getEventTime());
        }
    }

    /** The event of a document that a model was asked about. */
    public static Either<LabelledDocument, DeadLetter> of(
            SourceRecord record, DocumentHead document, Outcome outcome, BundleInfo bundle) {
        if (outcome instanceof Classification classification) {
            return Either.Left(labelled(record, document, answer(classification, bundle)));
        }
        return Either.Right(deadLetter(record, document, (Rejection) outcome, bundle));
    }

    private static LabelledDocument labelled(SourceRecord record, DocumentHead document, Answer answer) {
        return LabelledDocument.newBuilder()
                .setEventId(id(record))
                .setDocumentId(document.id())
                .setTitle(document.title())
                .setProvenance(provenance(record))
                .setMetadata(document.metadata())
                .setEventTime(document.eventTime())
                .setAnswers(List.of(answer))
                .build();
    }

    private static Answer answer(Classification classification, BundleInfo bundle) {
        return Answer.newBuilder()
                .setModel(model(bundle))
                .setLabels(classification.labels().stream().map(Events::label).toList())
                .setBitsPerByte(asFloat(classification.bitsPerByte()))
                .setTokensSeen(classification.tokensSeen())
                .setTokensTotal(classification.tokensTotal())
                .setSegments(classification.segments())
                .setWindows(classification.windows())
                .setCoverage(Coverage.valueOf(classification.coverage().name()))
                .setTimings(new Timings(
                        classification.timings().tokenizeMicros(),
                        classification.timings().queueMicros(),
                        classification.timings().inferenceMicros()))
                .build();
    }

    private static @Nullable Float asFloat(@Nullable Double number) {
        return number == null ? null : number.floatValue();
    }

    private static ModelInfo model(BundleInfo bundle) {
        return new ModelInfo(bundle.name(), bundle.version(), bundle.digest());
    }

    private static Label label(LabelScore scored) {
        List<Evidence> evidence = scored.evidence().stream()
                .map(span -> new Evidence(span.start(), span.end(), span.segment(), span.score(), span.bitsPerByte()))
                .toList();
        return new Label(scored.label(), scored.score(), scored.aboveThreshold(), evidence);
    }

    /** The value was no document. */
    public static DeadLetter deadLetter(SourceRecord record, Refusal refusal) {
        return deadLetter(record, Stage.DECODE, refusal.reason(), refusal.message(), refusal.documentId(), null);
    }

    /** The document could not be classified. */
    private static DeadLetter deadLetter(
            SourceRecord record, DocumentHead document, Rejection rejection, BundleInfo bundle) {
        return deadLetter(
                record,
                Stage.valueOf(rejection.reason().stage().name()),
                Reason.valueOf(rejection.reason().name()),
                rejection.message(),
                document.id(),
                model(bundle));
    }

    private static DeadLetter deadLetter(
            SourceRecord record,
            Stage stage,
            Reason reason,
            String message,
            @Nullable String documentId,
            @Nullable ModelInfo model) {
        return DeadLetter.newBuilder()
                .setEventId(id(record))
                .setValue(buffer(record.value()))
                .setKey(buffer(record.key()))
                .setHeaders(record.headers().stream()
                        .map(header -> new Header(header.key(), buffer(header.value())))
                        .toList())
                .setProvenance(provenance(record))
                .setStage(stage)
                .setReason(reason)
                .setMessage(message)
                .setDocumentId(documentId)
                .setModel(model)
                .setFailedAt(Instant.ofEpochMilli(System.currentTimeMillis()))
                .build();
    }

    private static Provenance provenance(SourceRecord record) {
        return new Provenance(
                record.topic(),
                record.partition(),
                record.offset(),
                Instant.ofEpochMilli(record.timestamp()),
                buffer(record.key()));
    }

    private static @Nullable ByteBuffer buffer(byte @Nullable [] bytes) {
        return bytes == null ? null : ByteBuffer.wrap(bytes);
    }
}
