package io.hatflow.job.classify;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import org.apache.flink.formats.avro.typeutils.AvroTypeInfo;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.types.Either;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/** Parts labelled documents from dead letters. */
final class EventRouter extends ProcessFunction<Either<LabelledDocument, DeadLetter>, LabelledDocument> {

    private static final long serialVersionUID = 1L;

    static final OutputTag<DeadLetter> DEAD_LETTERS =
            new OutputTag<>("dead-letters", new AvroTypeInfo<>(DeadLetter.class));

    @Override
    public void processElement(
            Either<LabelledDocument, DeadLetter> event, Context context, Collector<LabelledDocument> out) {
        if (event.isLeft()) {
            out.collect(event.left());
        } else {
            context.output(DEAD_LETTERS, event.right());
        }
    }
}
