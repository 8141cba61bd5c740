package io.hatflow.job.classify;

import static java.util.Objects.requireNonNull;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Reason;
import java.util.EnumMap;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.formats.avro.typeutils.AvroTypeInfo;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.types.Either;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;
import org.jspecify.annotations.Nullable;

/**
 * Parts labelled documents from dead letters and counts both. Together with the {@code received} of
 * {@link ClassifyFunction}: once a stream has ended, received = labelled + rejected.
 */
final class EventRouter extends ProcessFunction<Either<LabelledDocument, DeadLetter>, LabelledDocument> {

    private static final long serialVersionUID = 1L;

    static final OutputTag<DeadLetter> DEAD_LETTERS =
            new OutputTag<>("dead-letters", new AvroTypeInfo<>(DeadLetter.class));

    private transient @Nullable Counter labelled;
    private transient @Nullable Counter segments;
    private transient @Nullable Counter rejected;
    private transient @Nullable Map<Reason, Counter> rejectedFor;

    @Override
    public void open(OpenContext context) {
        MetricGroup group = getRuntimeContext().getMetricGroup();
        labelled = group.counter("labelled");
        segments = group.counter("segments");
        rejected = group.counter("rejected");
        rejectedFor = new EnumMap<>(Reason.class);
        for (Reason reason : Reason.values()) {
            rejectedFor.put(reason, group.addGroup("reason", reason.name()).counter("rejectedFor"));
        }
    }

    @Override
    public void processElement(
            Either<LabelledDocument, DeadLetter> event, Context context, Collector<LabelledDocument> out) {
        if (labelled == null || segments == null || rejected == null || rejectedFor == null) {
            throw new IllegalStateException("processElement was called before open");
        }
        if (event.isLeft()) {
            labelled.inc();
            segments.inc(event.left().getSegments());
            out.collect(event.left());
        } else {
            rejected.inc();
            requireNonNull(rejectedFor.get(event.right().getReason())).inc();
            context.output(DEAD_LETTERS, event.right());
        }
    }
}
