package io.hatflow.job.classify;

import io.hatflow.events.DeadLetter;
import io.hatflow.job.trace.TracedDocument;
import java.util.BitSet;
import java.util.Locale;
import org.apache.flink.formats.avro.typeutils.AvroTypeInfo;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.types.Either;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/** Parts labelled documents from dead letters, and ends the job where the latter are too many. */
final class EventRouter extends ProcessFunction<Either<TracedDocument, DeadLetter>, TracedDocument> {

    private static final long serialVersionUID = 1L;

    static final OutputTag<DeadLetter> DEAD_LETTERS =
            new OutputTag<>("dead-letters", new AvroTypeInfo<>(DeadLetter.class));

    private final RejectionLimit limit;

    /** Which of the last records, by their number modulo the window, were dead letters; begins anew with the task. */
    private final BitSet rejected = new BitSet();

    private int rejections;
    private long records;

    EventRouter(RejectionLimit limit) {
        this.limit = limit;
    }

    @Override
    public void processElement(
            Either<TracedDocument, DeadLetter> event, Context context, Collector<TracedDocument> out) {
        count(event);
        if (event.isLeft()) {
            out.collect(event.left());
        } else {
            context.output(DEAD_LETTERS, event.right());
        }
    }

    private void count(Either<TracedDocument, DeadLetter> event) {
        int place = (int) (records % limit.window());
        rejections += (event.isLeft() ? 0 : 1) - (rejected.get(place) ? 1 : 0);
        rejected.set(place, !event.isLeft());
        records++;
        if (records >= limit.window() && rejections > limit.maxRatio() * limit.window()) {
            throw new SuppressRestartsException(new IllegalStateException(String.format(
                    Locale.ROOT,
                    "%d of the last %d records became dead letters, the last one for %s; dead-letters.max-ratio allows a share of %s."
                            + " The job ends here, so as not to drain its topics into the dead letters. If it is the job that is wrong"
                            + " (its bundle, a schema that it does not know), correct it and start from the last checkpoint; if it is the"
                            + " records, raise dead-letters.max-ratio or set it to off.",
                    rejections,
                    limit.window(),
                    event.isLeft() ? "another" : event.right().getReason(),
                    limit.maxRatio())));
        }
    }
}
