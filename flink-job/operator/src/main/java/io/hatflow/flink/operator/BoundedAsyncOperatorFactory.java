package io.hatflow.flink.operator;

import io.hatflow.flink.operator.OperatorSettings.Order;
import io.hatflow.flink.pool.ClassifierProvider;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.runtime.event.WatermarkEvent;
import org.apache.flink.streaming.api.datastream.AsyncDataStream.OutputMode;
import org.apache.flink.streaming.api.functions.async.AsyncFunction;
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
import org.apache.flink.util.OutputTag;
import org.jspecify.annotations.Nullable;

/**
 * Flink's own async operator, which bounds what is in flight by number, with a second bound: by bytes. Where there is no room for an element,
 * the task yields to its mailbox as it does where the number is reached: results leave, and then there is.
 */
final class BoundedAsyncOperatorFactory<T, R> extends AsyncWaitOperatorFactory<T, R> {

    private static final long serialVersionUID = 2L;

    /** None: waiting is no fault, and the model's own watchdog sees when it hangs. */
    private static final long TIMEOUT = 0;

    private final ClassificationFunction<T, R> function;
    private final AsyncClassification<T, R> classify;
    private final int capacity;
    private final long capacityBytes;
    private final OutputMode mode;
    private final boolean byKey;

    BoundedAsyncOperatorFactory(
            ClassificationFunction<T, R> function, ClassifierProvider classifiers, OperatorSettings settings) {
        this(
                function,
                new AsyncClassification<>(function, classifiers, settings),
                settings.capacity(),
                settings.capacityBytes(),
                settings.order() == Order.ORDERED ? OutputMode.ORDERED : OutputMode.UNORDERED,
                settings.order() == Order.ORDERED_BY_KEY);
    }

    private BoundedAsyncOperatorFactory(
            ClassificationFunction<T, R> function,
            AsyncClassification<T, R> classify,
            int capacity,
            long capacityBytes,
            OutputMode mode,
            boolean byKey) {
        super(unsized(classify), TIMEOUT, capacity, mode);
        this.function = function;
        this.classify = classify;
        this.capacity = capacity;
        this.capacityBytes = capacityBytes;
        this.mode = mode;
        this.byKey = byKey;
    }

    /** The superclass only hands it on to the operator that it would make. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static <T, R> AsyncFunction<T, R> unsized(AsyncClassification<T, R> classify) {
        return (AsyncFunction) classify;
    }

    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // the superclass's own way and signature
    public <S extends StreamOperator<R>> S createStreamOperator(StreamOperatorParameters<R> parameters) {
        InFlightMemory memory = new InFlightMemory(capacityBytes);
        classify.measure(memory);
        classify.failThrough(parameters.getContainingTask().getEnvironment()::failExternally);
        return (S) new BoundedAsyncOperator(
                new StreamOperatorParameters<>(
                        parameters.getContainingTask(),
                        parameters.getStreamConfig(),
                        new Leaving<>(parameters.getOutput(), memory),
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

    private final class BoundedAsyncOperator extends AsyncWaitOperator<T, Sized<R>> {

        private static final long serialVersionUID = 1L;

        private final transient InFlightMemory memory;
        private final transient MailboxExecutor mailbox;
        /** What a restore has brought, while it does; otherwise null. */
        private transient @Nullable List<StreamRecord<T>> restored;

        @SuppressWarnings("unchecked") // Flink's constant for no retries is of a raw type
        BoundedAsyncOperator(
                StreamOperatorParameters<Sized<R>> parameters,
                InFlightMemory memory,
                ProcessingTimeService time,
                MailboxExecutor mailbox) {
            super(parameters, classify, TIMEOUT, capacity, mode, AsyncRetryStrategies.NO_RETRY_STRATEGY, time, mailbox);
            this.memory = memory;
            this.mailbox = mailbox;
        }

        /** Where results may overtake each other, Flink's operator keeps what is in flight without an order. */
        @Override
        public void open() throws Exception {
            restored = byKey ? new ArrayList<>() : null;
            super.open();
            processRestored();
            restored = null;
        }

        private void processRestored() throws Exception {
            List<StreamRecord<T>> inOrder = restored;
            if (inOrder != null) {
                restored = null;
                inOrder.sort(Comparator.comparingLong(element -> function.position(element.getValue())));
                for (StreamRecord<T> element : inOrder) {
                    processElement(element);
                }
                restored = new ArrayList<>();
            }
        }

        @Override
        public void processWatermark(Watermark mark) throws Exception {
            processRestored();
            super.processWatermark(mark);
        }

        /** Also for what a restore brings. */
        @Override
        public void processElement(StreamRecord<T> element) throws Exception {
            if (restored != null) {
                restored.add(element);
                return;
            }
            long bytes = function.bytes(element.getValue());
            while (!memory.hasRoomFor(bytes)) {
                mailbox.yield();
            }
            memory.enters(bytes);
            super.processElement(element);
        }
    }

    /** Sees results leave, and lets go of what they were wrapped in. */
    private record Leaving<R>(Output<StreamRecord<R>> output, InFlightMemory memory)
            implements Output<StreamRecord<Sized<R>>> {

        @Override
        public void collect(StreamRecord<Sized<R>> leaving) {
            memory.leaves(leaving.getValue().bytes());
            output.collect(leaving.replace(leaving.getValue().result()));
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
