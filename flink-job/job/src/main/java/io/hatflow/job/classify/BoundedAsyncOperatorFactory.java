package io.hatflow.job.classify;

import io.hatflow.events.DeadLetter;
import io.hatflow.events.LabelledDocument;
import io.hatflow.events.Provenance;
import io.hatflow.job.classify.ClassifySettings.Order;
import io.hatflow.job.classify.InFlightMemory.Place;
import io.hatflow.job.source.SourceRecord;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.runtime.event.WatermarkEvent;
import org.apache.flink.streaming.api.datastream.AsyncDataStream.OutputMode;
import org.apache.flink.streaming.api.operators.Output;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.streaming.api.operators.async.AsyncWaitOperator;
import org.apache.flink.streaming.api.operators.async.AsyncWaitOperatorFactory;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.LatencyMarker;
import org.apache.flink.streaming.runtime.streamrecord.RecordAttributes;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.ProcessingTimeService;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.streaming.util.retryable.AsyncRetryStrategies;
import org.apache.flink.types.Either;
import org.apache.flink.util.OutputTag;

/**
 * Flink's own async operator, which bounds what is in flight by number, with a second bound: by bytes. Where there is no room for a record,
 * the task yields to its mailbox as it does where the number is reached: events leave, and then there is.
 */
final class BoundedAsyncOperatorFactory
        extends AsyncWaitOperatorFactory<SourceRecord, Either<LabelledDocument, DeadLetter>> {

    private static final long serialVersionUID = 1L;

    /** None: waiting is no fault, and the model's own watchdog sees when it hangs. */
    private static final long TIMEOUT = 0;

    private final ClassifyFunction classify;
    private final int capacity;
    private final long capacityBytes;
    private final OutputMode mode;

    BoundedAsyncOperatorFactory(ClassifyFunction classify, ClassifySettings settings) {
        this(
                classify,
                settings.capacity(),
                settings.capacityBytes(),
                settings.order() == Order.ORDERED ? OutputMode.ORDERED : OutputMode.UNORDERED);
    }

    BoundedAsyncOperatorFactory(ClassifyFunction classify, int capacity, long capacityBytes, OutputMode mode) {
        super(classify, TIMEOUT, capacity, mode);
        this.classify = classify;
        this.capacity = capacity;
        this.capacityBytes = capacityBytes;
        this.mode = mode;
    }

    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // the superclass's own way and signature
    public <T extends StreamOperator<Either<LabelledDocument, DeadLetter>>> T createStreamOperator(
            StreamOperatorParameters<Either<LabelledDocument, DeadLetter>> parameters) {
        InFlightMemory memory = new InFlightMemory(capacityBytes);
        classify.measure(memory);
        return (T) new BoundedAsyncOperator(
                new StreamOperatorParameters<>(
                        parameters.getContainingTask(),
                        parameters.getStreamConfig(),
                        new Leaving(parameters.getOutput(), memory),
                        parameters::getProcessingTimeService,
                        parameters.getOperatorEventDispatcher(),
                        parameters.getMailboxExecutor()),
                memory,
                processingTimeService,
                getMailboxExecutor());
    }

    @Override
    @SuppressWarnings("rawtypes") // the superclass's own signature
    public Class<? extends StreamOperator> getStreamOperatorClass(ClassLoader classLoader) {
        return BoundedAsyncOperator.class;
    }

    private final class BoundedAsyncOperator
            extends AsyncWaitOperator<SourceRecord, Either<LabelledDocument, DeadLetter>> {

        private static final long serialVersionUID = 1L;

        private final transient InFlightMemory memory;
        private final transient MailboxExecutor mailbox;

        @SuppressWarnings("unchecked") // Flink's constant for no retries is of a raw type
        BoundedAsyncOperator(
                StreamOperatorParameters<Either<LabelledDocument, DeadLetter>> parameters,
                InFlightMemory memory,
                ProcessingTimeService time,
                MailboxExecutor mailbox) {
            super(parameters, classify, TIMEOUT, capacity, mode, AsyncRetryStrategies.NO_RETRY_STRATEGY, time, mailbox);
            this.memory = memory;
            this.mailbox = mailbox;
        }

        /** Also for what a restore brings. */
        @Override
        public void processElement(StreamRecord<SourceRecord> element) throws Exception {
            SourceRecord record = element.getValue();
            while (!memory.hasRoomFor(record.bytes())) {
                mailbox.yield();
            }
            memory.enters(new Place(record.topic(), record.partition(), record.offset()), record.bytes());
            super.processElement(element);
        }
    }

    /** Sees events leave. */
    private record Leaving(Output<StreamRecord<Either<LabelledDocument, DeadLetter>>> output, InFlightMemory memory)
            implements Output<StreamRecord<Either<LabelledDocument, DeadLetter>>> {

        @Override
        public void collect(StreamRecord<Either<LabelledDocument, DeadLetter>> event) {
            Either<LabelledDocument, DeadLetter> either = event.getValue();
            Provenance from = either.isLeft()
                    ? either.left().getProvenance()
                    : either.right().getProvenance();
            memory.leaves(new Place(from.getTopic(), from.getPartition(), from.getOffset()));
            output.collect(event);
        }

        @Override
        public <X> void collect(OutputTag<X> tag, StreamRecord<X> event) {
            output.collect(tag, event);
        }

        @Override
        public void emitWatermark(Watermark watermark) {
            output.emitWatermark(watermark);
        }

        @Override
        public void emitWatermark(WatermarkEvent watermark) {
            output.emitWatermark(watermark);
        }

        @Override
        public void emitWatermarkStatus(WatermarkStatus status) {
            output.emitWatermarkStatus(status);
        }

        @Override
        public void emitLatencyMarker(LatencyMarker marker) {
            output.emitLatencyMarker(marker);
        }

        @Override
        public void emitRecordAttributes(RecordAttributes attributes) {
            output.emitRecordAttributes(attributes);
        }

        @Override
        public void close() {
            output.close();
        }
    }
}
