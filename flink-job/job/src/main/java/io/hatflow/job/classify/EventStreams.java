package io.hatflow.job.classify;

import io.hatflow.events.DeadLetter;
import io.hatflow.flink.operator.ClassificationOperator;
import io.hatflow.flink.pool.ClassifierPool;
import io.hatflow.flink.pool.ClassifierProvider;
import io.hatflow.flink.quarantine.QuarantineSettings;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.source.SourceRecord;
import io.hatflow.job.trace.TracedDocument;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.typeutils.EitherTypeInfo;
import org.apache.flink.formats.avro.typeutils.AvroTypeInfo;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.types.Either;

/**
 * The part of the job between source and sinks, whatever these are: one event for every record, in one of two streams.
 *
 * @param labelled events of the documents that were classified
 * @param deadLetters events of the records that could not be
 */
public record EventStreams(DataStream<TracedDocument> labelled, DataStream<DeadLetter> deadLetters) {

    /** Classifies the records of a stream with the bundle of the settings. */
    public static EventStreams of(DataStream<SourceRecord> records, DocumentFormat format, ClassifySettings settings) {
        return of(records, format, settings, QuarantineSettings.OFF, RejectionLimit.OFF);
    }

    /** Classifies the records of a stream with the bundle of the settings, with limits to what may go wrong. */
    public static EventStreams of(
            DataStream<SourceRecord> records,
            DocumentFormat format,
            ClassifySettings settings,
            QuarantineSettings quarantine,
            RejectionLimit limit) {
        return of(records, format, settings, quarantine, limit, ClassifierPool.of(settings.classifier()));
    }

    /** Classifies with what the provider gives: stand-ins of tests and benchmarks. */
    public static EventStreams of(
            DataStream<SourceRecord> records,
            DocumentFormat format,
            ClassifySettings settings,
            ClassifierProvider classifiers) {
        return of(records, format, settings, QuarantineSettings.OFF, RejectionLimit.OFF, classifiers);
    }

    private static EventStreams of(
            DataStream<SourceRecord> records,
            DocumentFormat format,
            ClassifySettings settings,
            QuarantineSettings quarantine,
            RejectionLimit limit,
            ClassifierProvider classifiers) {
        TypeInformation<TracedDocument> traced = TypeInformation.of(TracedDocument.class);
        TypeInformation<Either<TracedDocument, DeadLetter>> either =
                new EitherTypeInfo<>(traced, new AvroTypeInfo<>(DeadLetter.class));
        SingleOutputStreamOperator<TracedDocument> labelled = ClassificationOperator.of(
                        records,
                        new RecordClassification(format, settings.priorityHeader()),
                        classifiers,
                        settings.operator(quarantine),
                        either)
                .uid("classify")
                .process(new EventRouter(limit))
                .returns(traced)
                .uid("route")
                .name("route");
        return new EventStreams(labelled, labelled.getSideOutput(EventRouter.DEAD_LETTERS));
    }
}
