package io.hatflow.job.classify;

import static java.util.Objects.requireNonNull;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.Document;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import io.hatflow.flink.operator.ClassificationFunction;
import io.hatflow.flink.operator.Reading;
import io.hatflow.flink.pool.TextInput;
import io.hatflow.job.classify.Events.DocumentHead;
import io.hatflow.job.format.Decoded;
import io.hatflow.job.format.DocumentDecoder;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.format.Refusal;
import io.hatflow.job.source.SourceRecord;
import io.hatflow.job.trace.TraceContext;
import io.hatflow.job.trace.TracedDocument;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.types.Either;
import org.jspecify.annotations.Nullable;

/** Makes one event of every source record: labelled, or a dead letter where the fault is the document's. */
final class RecordClassification implements ClassificationFunction<SourceRecord, Either<TracedDocument, DeadLetter>> {

    private static final long serialVersionUID = 1L;

    private final DocumentFormat format;
    private final String priorityHeader;
    private transient @Nullable DocumentDecoder decoder;

    /** An empty {@code priorityHeader} means that no header makes a record urgent. */
    RecordClassification(DocumentFormat format, String priorityHeader) {
        this.format = format;
        this.priorityHeader = priorityHeader;
    }

    @Override
    public void open() {
        decoder = format.decoder();
    }

    @Override
    public Reading<Either<TracedDocument, DeadLetter>> read(SourceRecord record) {
        Decoded decoded = requireNonNull(decoder, "read was called before open").decode(record);
        Document document = decoded.document();
        if (document == null) {
            Refusal refusal = decoded.requireRefusal();
            return new Reading.Unreadable<>(refusal.reason().name(), Either.Right(Events.deadLetter(record, refusal)));
        }
        DocumentHead head = DocumentHead.of(document);
        return new Reading.Text<>(
                Events.id(record),
                new TextInput(document.getText(), document.getSegments()),
                decoded.urgent() || isUrgent(record),
                (outcome, bundle) -> traced(record, Events.of(record, head, outcome, bundle)));
    }

    private static Either<TracedDocument, DeadLetter> traced(
            SourceRecord record, Either<LabelledDocument, DeadLetter> event) {
        return event.isLeft()
                ? Either.Left(new TracedDocument(event.left(), TraceContext.of(record.headers())))
                : Either.Right(event.right());
    }

    private boolean isUrgent(SourceRecord record) {
        return !priorityHeader.isEmpty()
                && record.headers().stream()
                        .anyMatch(header -> header.key().equals(priorityHeader)
                                && header.value() != null
                                && new String(header.value(), StandardCharsets.UTF_8).equals(Decoded.URGENT));
    }

    @Override
    public long bytes(SourceRecord record) {
        return record.bytes();
    }

    /** Of records with a key, that key within their partition. */
    @Override
    public @Nullable Object key(SourceRecord record) {
        byte[] key = record.key();
        return key == null ? null : List.of(record.topic(), record.partition(), ByteBuffer.wrap(key));
    }

    @Override
    public long position(SourceRecord record) {
        return record.offset();
    }

    /** That of Kafka; old records may have none. */
    @Override
    public OptionalLong timestamp(SourceRecord record) {
        return record.timestamp() < 0 ? OptionalLong.empty() : OptionalLong.of(record.timestamp());
    }

    @Override
    public Set<String> reasons() {
        return Arrays.stream(Reason.values()).map(Enum::name).collect(Collectors.toSet());
    }
}
