package io.hatflow.job.classify;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.job.classify.ClassifySettings.Order;
import io.hatflow.job.quarantine.QuarantineSettings;
import io.hatflow.job.source.SourceRecord;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.java.typeutils.EitherTypeInfo;
import org.apache.flink.formats.avro.typeutils.AvroTypeInfo;
import org.apache.flink.streaming.api.datastream.AsyncDataStream;
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
    public static Classified of(DataStream<SourceRecord> records, ClassifySettings settings) {
        return of(records, settings, QuarantineSettings.OFF, RejectionLimit.OFF);
    }

    /** Classifies the records of a stream with the bundle of the settings, with limits to what may go wrong. */
    public static Classified of(
            DataStream<SourceRecord> records,
            ClassifySettings settings,
            QuarantineSettings quarantine,
            RejectionLimit limit) {
        return of(records, settings, quarantine, limit, task -> SharedClassifiers.lease(settings, task));
    }

    /** Classifies with what the lessor gives: stand-ins of tests and benchmarks. */
    public static Classified of(
            DataStream<SourceRecord> records,
            ClassifySettings settings,
            QuarantineSettings quarantine,
            RejectionLimit limit,
            ClassifierLessor lessor) {
        ClassifyFunction classify = new ClassifyFunction(lessor, settings.priorityHeader(), quarantine);
        // Waiting is no fault, and the model's own watchdog sees when it hangs.
        long timeout = 0;
        SingleOutputStreamOperator<Either<LabelledDocument, DeadLetter>> events = settings.order() == Order.ORDERED
                ? AsyncDataStream.orderedWait(records, classify, timeout, TimeUnit.MILLISECONDS, settings.capacity())
                : AsyncDataStream.unorderedWait(records, classify, timeout, TimeUnit.MILLISECONDS, settings.capacity());
        SingleOutputStreamOperator<LabelledDocument> labelled = events.returns(new EitherTypeInfo<>(
                        new AvroTypeInfo<>(LabelledDocument.class), new AvroTypeInfo<>(DeadLetter.class)))
                .uid("classify")
                .name("classify")
                .process(new EventRouter(limit))
                .returns(new AvroTypeInfo<>(LabelledDocument.class))
                .uid("route")
                .name("route");
        return new Classified(labelled, labelled.getSideOutput(EventRouter.DEAD_LETTERS));
    }
}
