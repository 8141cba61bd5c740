package io.hatflow.job.classify;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.job.quarantine.QuarantineSettings;
import io.hatflow.job.source.DocumentFormat;
import io.hatflow.job.source.SourceRecord;
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
public record Classified(DataStream<LabelledDocument> labelled, DataStream<DeadLetter> deadLetters) {

    /** Classifies the records of a stream with the bundle of the settings. */
    public static Classified of(DataStream<SourceRecord> records, DocumentFormat format, ClassifySettings settings) {
        return of(records, format, settings, QuarantineSettings.OFF, RejectionLimit.OFF);
    }

    /** Classifies the records of a stream with the bundle of the settings, with limits to what may go wrong. */
    public static Classified of(
            DataStream<SourceRecord> records,
            DocumentFormat format,
            ClassifySettings settings,
            QuarantineSettings quarantine,
            RejectionLimit limit) {
        ClassifierLessor lessor = task -> SharedClassifiers.lease(settings, task);
        return of(
                records, new ClassifyFunction(format, lessor, settings.priorityHeader(), quarantine), settings, limit);
    }

    /** Classifies with what the lessor gives: stand-ins of tests and benchmarks. */
    public static Classified of(
            DataStream<SourceRecord> records,
            DocumentFormat format,
            ClassifySettings settings,
            ClassifierLessor lessor) {
        return of(
                records,
                new ClassifyFunction(format, lessor, settings.priorityHeader(), QuarantineSettings.OFF),
                settings,
                RejectionLimit.OFF);
    }

    private static Classified of(
            DataStream<SourceRecord> records,
            ClassifyFunction classify,
            ClassifySettings settings,
            RejectionLimit limit) {
        TypeInformation<Either<LabelledDocument, DeadLetter>> either =
                new EitherTypeInfo<>(new AvroTypeInfo<>(LabelledDocument.class), new AvroTypeInfo<>(DeadLetter.class));
        SingleOutputStreamOperator<LabelledDocument> labelled = records.transform(
                        "classify", either, new BoundedAsyncOperatorFactory(classify, settings))
                .uid("classify")
                .process(new EventRouter(limit))
                .returns(new AvroTypeInfo<>(LabelledDocument.class))
                .uid("route")
                .name("route");
        return new Classified(labelled, labelled.getSideOutput(EventRouter.DEAD_LETTERS));
    }
}
